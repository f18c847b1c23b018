// SPDX-License-Identifier: Apache-2.0
import { mkdtempDisposableSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { XendOptions } from '../../src/xend/context.ts';
import type { Xend } from '../../src/xend/service.ts';

/** A supervisor in this process, as built, with a directory of its own. */
export interface Supervisor extends AsyncDisposable {
  readonly xend: Xend;
  /** Its temporary directory. */
  readonly directory: string;
  /** Creates a domain from the forms inside of `(vm ...)`, beside its name. */
  create(name: string, forms: string): Promise<void>;
  /** Attaches to a domain's console. */
  console(domain: string): Promise<Socket>;
}

/** Starts the supervisor of `dist/`, which a build has made; disposing of it ends all domains. */
export async function startSupervisor(options: Omit<XendOptions, 'paths'> = {}): Promise<Supervisor> {
  const service = new URL('../../dist/src/xend/service.js', import.meta.url);
  const paths = new URL('../../dist/src/xend/paths.js', import.meta.url);
  const { createXend } = (await import(service.href)) as typeof import('../../src/xend/service.ts');
  const { runPaths } = (await import(paths.href)) as typeof import('../../src/xend/paths.ts');
  const temporary = mkdtempDisposableSync(join(tmpdir(), 'xm-bench-'));
  const directory = temporary.path;
  const xend = await createXend({
    ...options,
    paths: runPaths({ XEND_RUNDIR: directory, XEND_STATEDIR: directory }),
  });
  return {
    xend,
    directory,
    async create(name, forms) {
      await xend.methods['domain.create']({ text: `(vm (name ${name}) ${forms})`, file: name, directory });
    },
    async console(domain) {
      const { path } = await xend.methods['domain.console']({ domain });
      return connect(path);
    },
    async [Symbol.asyncDispose]() {
      await xend.stop();
      temporary.remove();
    },
  };
}

/** Talks with a domain's kernel, line by line. */
export interface Dialogue extends Disposable {
  /** Types a line. @returns the line that the kernel prints next */
  ask(line: string): Promise<string>;
}

export function converse(console: Socket): Dialogue {
  const lines = createInterface({ input: console })[Symbol.asyncIterator]();
  return {
    async ask(line) {
      console.write(`${line}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('the console was closed');
      return value;
    },
    [Symbol.dispose]: () => console.destroy(),
  };
}
