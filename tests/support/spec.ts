/** What `spec/` says, and where sources and tests name its rules. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './sources.ts';

export interface Text {
  /** Relative to the repository's root. */
  readonly path: string;
  readonly text: string;
}

const SKIPPED = new Set(['node_modules', 'dist']);

/** All files below a folder whose names end so; build output and dependencies are passed over. */
export const readTexts = (folder: string, ...endings: readonly string[]): Text[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter(({ name }) => !SKIPPED.has(name) && !name.startsWith('.'))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return readTexts(path, ...endings);
      return endings.some((ending) => path.endsWith(ending)) ? [readText(path)] : [];
    })
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));

export const readText = (path: string): Text => ({ path, text: readFileSync(join(ROOT, path), 'utf8') });

/** The prefixes of rule ids; other words of this shape (KEM-768, AES-256) are none. */
const PREFIXES = 'ENC|CHN|IDN|VAL|REL|RES|NET|EVD|BND|FIL|STO|WAL|CLI|RUN|MCH';
const ID = new RegExp(`\\b(?:${PREFIXES})-\\d+\\b`, 'g');
const SPAN = new RegExp(`\\b(${PREFIXES})-(\\d+) to (?:\\1-)?(\\d+)\\b`, 'g');

/** Every rule id that a text names, those in between included where it says `REL-1 to REL-7`. */
export function namedRules(text: string): ReadonlySet<string> {
  const named = new Set<string>(text.match(ID));
  for (const [, prefix, from, to] of text.matchAll(SPAN)) {
    for (let number = Number(from); number <= Number(to); number++) named.add(`${prefix}-${number}`);
  }
  return named;
}

/** Rule ids in the order in which a page defines them: bold, at the beginning of a line. */
export const definedRules = ({ text }: Text): string[] =>
  [...text.matchAll(/^\*\*([A-Z]{3}-\d+)\*\*/gm)].map(([, id = '']) => id);

/** First cells of all tables of a page that are code, such as error codes and names of limits. */
export const tableNames = ({ text }: Text): string[] =>
  [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = '']) => name);

/** The body of a rule: from its number to the next rule or heading. */
export function ruleText({ text }: Text, id: string): string {
  const start = text.indexOf(`\n**${id}**`) + 1;
  const rest = text.slice(start + 1);
  const end = rest.search(/\n(?:\*\*[A-Z]{3}-\d+\*\*|#)/);
  return text.slice(start, end < 0 ? undefined : start + 1 + end);
}

export interface Link {
  readonly from: string;
  /** As written, without the anchor. */
  readonly target: string;
  readonly anchor: string | undefined;
}

/** Relative links of a Markdown file; code fences and code spans hold none. */
export function relativeLinks({ path, text }: Text): Link[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', anchor] = target.split('#');
      return { from: path, target: file, anchor };
    });
}

/** Anchors of the headings of a Markdown file, as repository hosts make them. */
export const anchorsOf = ({ text }: Text): ReadonlySet<string> =>
  new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    ),
  );
