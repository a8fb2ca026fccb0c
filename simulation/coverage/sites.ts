/** The places in the sources where a failure arises, and whether it has arisen in a set of runs. */

export interface FailSite {
  readonly line: number;
  readonly code: string;
  readonly rule: string;
  /** The sentence, as a pattern: what is filled in matches anything. */
  readonly pattern: RegExp;
  readonly sentence: string;
}

const SITE = /'(E_[A-Z]+)',\s*'([A-Z]{2,3}-\d+)',\s*(?:('(?:[^'\\]|\\.)*')|("(?:[^"\\]|\\.)*")|(`(?:[^`\\]|\\.)*`))?/g;

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

export function findSites(source: string): readonly FailSite[] {
  return [...source.matchAll(SITE)].map((match): FailSite => {
    const [, code = '', rule = '', single, double, template] = match;
    const sentence = (single ?? double ?? template ?? '').slice(1, -1).replaceAll(String.raw`\'`, "'");
    const parts = template === undefined ? [sentence] : sentence.split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/);
    const pattern = sentence === '' ? /^/ : new RegExp(`^${parts.map(escaped).join('[^]*')}$`);
    return { line: source.slice(0, match.index).split('\n').length, code, rule, pattern, sentence };
  });
}

/** A failure as it arose: code, rule and sentence with a tab between. */
export const failureLine = (code: string, rule: string, message: string): string => `${code}\t${rule}\t${message}`;

export const hasArisen = (site: FailSite, failures: Iterable<string>): boolean => {
  for (const line of failures) {
    const [code, rule, message = ''] = line.split('\t');
    if (code === site.code && rule === site.rule && site.pattern.test(message)) return true;
  }
  return false;
};
