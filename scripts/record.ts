// SPDX-License-Identifier: Apache-2.0
/** Puts what `npm run demo` prints into README.md, where it stands between the mark `recorded: npm run demo` and its end. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const readme = fileURLToPath(new URL('../README.md', import.meta.url));
const demo = fileURLToPath(new URL('./demo.ts', import.meta.url));
const { stdout, status } = spawnSync(process.execPath, [demo], { encoding: 'utf8' });
if (status !== 0) throw new Error(`the demo ended with status ${status}`);
const recorded = stdout
  .replace('(made configs/demo.img, 64 MiB)\n\n', '')
  .replace(/[ \t]+$/gm, '')
  .trim();
const text = readFileSync(readme, 'utf8');
const section = /(<!-- recorded: npm run demo -->\n```\n)[\s\S]*?(\n```)/;
writeFileSync(
  readme,
  text.replace(section, (_all, before, after) => `${before}${recorded}${after}`),
);
