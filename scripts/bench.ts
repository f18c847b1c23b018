// SPDX-License-Identifier: Apache-2.0
/**
 * Runs a benchmark of `test/bench`: `npm run bench -- NAME [--json]`, one table or one JSON object a line. Without a name it
 * lists them. Exits 1 when the benchmark misses a budget.
 */
import { readdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Bench, formatTable, type Measurement } from '../test/bench/report.ts';

const directory = fileURLToPath(new URL('../test/bench/', import.meta.url));

async function find(name: string): Promise<Bench | undefined> {
  const module = (await import(pathToFileURL(`${directory}${name}.ts`).href)) as { default?: Bench };
  return module.default;
}

const names = readdirSync(directory)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length));
const json = process.argv.includes('--json');
const [name] = process.argv.slice(2).filter((argument) => argument !== '--json');

if (name === undefined) {
  const found = await Promise.all(names.map(async (one) => [one, await find(one)] as const));
  for (const [one, bench] of found) if (bench !== undefined) console.log(`${one.padEnd(10)} ${bench.title}`);
} else {
  const bench = names.includes(name) ? await find(name) : undefined;
  if (bench === undefined) {
    console.error(`Error: no benchmark ${name}; 'npm run bench' lists them`);
    process.exit(1);
  }
  const measured: Measurement[] = [];
  const kept = await bench.run((measurement) => {
    measured.push(measurement);
    if (json) console.log(JSON.stringify({ bench: name, ...measurement }));
  });
  if (!json) console.log(formatTable(measured));
  process.exit(kept ? 0 : 1);
}
