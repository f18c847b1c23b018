// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { describeClass, type OwnDescription } from '../devices/define.ts';
import { explainModule } from './kernel-module.ts';
import { enterSandbox } from './sandbox.ts';

// The entry of a thread that reads one class of a user's own and ends: xend runs nothing of it.

/** What the thread is given. */
export interface ClassThreadData {
  readonly url: string;
}

/** What it found: the class and the texts of all its modules, or what is wrong. */
export type ClassFinding =
  | { readonly description: OwnDescription; readonly sources: Readonly<Record<string, string>> }
  | { readonly problem: string };

/** Domains without back ends load the same module. */
const INSIDE = 'a back end does it where it runs: await import(...) inside of a function';

const { url: asked } = workerData as ClassThreadData;
const ours = new URL('../', import.meta.url).href;
const sources: Record<string, string> = {};

function textOf(url: string): string | undefined {
  if (!url.startsWith('file:') || url.startsWith(ours) || !/\.m?[jt]s$/.test(url)) return undefined;
  const path = fileURLToPath(url);
  const text = readFileSync(path, 'utf8');
  sources[url] = /\.m?ts$/.test(url) ? stripTypeScriptTypes(text, { sourceUrl: path }) : text;
  return sources[url];
}

async function find(): Promise<ClassFinding> {
  try {
    const module: { readonly default?: unknown } = await import(asked);
    return { description: describeClass(module.default), sources };
  } catch (error) {
    const problem = explainModule(error, fileURLToPath(asked));
    return { problem: /may not import/.test(problem) ? `${problem}; ${INSIDE}` : problem };
  }
}

function tell(finding: ClassFinding): void {
  parentPort!.postMessage(finding);
  process.exit();
}

// Nothing is left to happen, and the module has not come.
process.once('beforeExit', () => tell({ problem: 'it never finished loading: a top-level await in it does not end' }));
enterSandbox({ sourceOf: textOf, who: 'a class' });
void find().then(tell);
