/**
 * Puts the real output of the attack into the README, between its two marks. Run after a build:
 * `node scripts/update-readme.mjs`.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const SHOWN = [
  'dsm receive b3.dsm --home bob',
  'dsm receive c3.dsm --home carol',
  'dsm sync --home bob',
  'dsm sync --home carol',
  'dsm history --home carol',
  'dsm evidence verify fork.dsm --network net/network.json',
  'dsm offer bob 1 MEAL --provisional --out d1.dsm --home alice',
];

const story = spawnSync(process.execPath, ['packages/cli/dist/story/main.js'], {
  encoding: 'utf8',
  env: { ...process.env, NO_COLOR: '1' },
});
if (story.status !== 0) throw new Error(story.stdout + story.stderr);

const blocks = new Map(
  story.stdout.split(/^\$ /m).map((block) => {
    const [command, ...rest] = block.split('\n');
    const answer = rest.filter((line) => line.startsWith('  ') && !/^ {2}(\(|payment )/.test(line));
    return [command, answer.map((line) => line.slice(2))];
  }),
);

const lines = [];
for (const command of SHOWN) {
  const answer = blocks.get(command);
  if (!answer) throw new Error(`the story has no line: ${command}`);
  lines.push(`$ ${command}`, ...answer);
}

const readme = readFileSync('README.md', 'utf8');
const shown = `<!-- story:attack -->\n\n\`\`\`text\n${lines.join('\n')}\n\`\`\`\n\n<!-- /story -->`;
writeFileSync('README.md', readme.replace(/<!-- story:attack -->[\s\S]*<!-- \/story -->/, shown));
