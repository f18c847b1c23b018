// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempDisposableSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** The code of a README that starts with some words. */
const sample = (file: string, words: string): string =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```/gm)]
    .map((match) => match[1]!)
    .find((code) => code.includes(words)) ?? '';

/** A directory of somebody else, who has installed the package. */
function elsewhere(files: Readonly<Record<string, string>>) {
  const directory = mkdtempDisposableSync('/tmp/xm-library-');
  mkdirSync(join(directory.path, 'node_modules'));
  symlinkSync(root, join(directory.path, 'node_modules/xenidc'));
  symlinkSync(join(root, 'node_modules/@types'), join(directory.path, 'node_modules/@types'));
  const options = { module: 'nodenext', target: 'es2024', strict: true, noEmit: true, types: ['node'] };
  const all = {
    'package.json': '{"type": "module"}',
    'tsconfig.json': JSON.stringify({
      compilerOptions: { ...options, skipLibCheck: false, exactOptionalPropertyTypes: true },
    }),
    ...files,
  };
  for (const [name, text] of Object.entries(all)) writeFileSync(join(directory.path, name), text);
  return directory;
}

/** What TypeScript objects to there. */
async function findings(directory: string): Promise<string> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const outcome = run(process.execPath, [tsc, '-p', directory]).catch((failed: { stdout: string }) => failed);
  return (await outcome).stdout;
}

test("an outside program runs the README's machine, with types", async () => {
  using directory = elsewhere({
    'left.ts': sample('README.md', '// left.ts'),
    'program.ts': sample('README.md', '// program.ts'),
  });
  const { stdout } = await run(process.execPath, ['program.ts'], { cwd: directory.path });
  expect(stdout).toBe('left answers: ping\n');
  expect(await findings(directory.path)).toBe('');
});

test("an endpoint's handlers may be asynchronous, and its address a named argument", async () => {
  using directory = elsewhere({
    'kernel.ts': `import { defineKernel, type Registration } from 'xenidc';
      declare function work(parameters: Uint8Array): Promise<number>;
      declare function flush(): Promise<void>;
      declare function parameters(lent: Registration | undefined): Uint8Array;
      export default defineKernel(async (dom) => {
        const endpoint = dom.idc.endpoint(dom.args.address, {
          quotas: { inFlight: 4 },
          onTransaction: async (asked) => asked.complete(await work(asked.parameters)),
          onDisconnect: (done) => flush().then(done),
        });
        await endpoint.connected();
        const lent = endpoint.register(await dom.idc.buffers.alloc(4096), { rights: 'write' });
        const { status, error }: { status: Uint8Array; error: number } = await endpoint.call(parameters(lent));
        return error === 0 ? status : 'halt';
      });`,
  });
  expect(await findings(directory.path)).toBe('');
});

test('a kernel gets what kernels need, and no machine', async () => {
  using directory = elsewhere({
    'kernel.ts': `import * as xenidc from 'xenidc';
      export default xenidc.defineKernel((dom) => dom.console.write(Object.keys(xenidc).join()));`,
    'program.ts': `import { createMachine } from 'xenidc';
      const machine = createMachine();
      const domain = await machine.start('./kernel.ts');
      domain.console.pipe(process.stdout);
      await domain.ended;
      await machine.stop();`,
  });
  const { stdout } = await run(process.execPath, ['program.ts'], { cwd: directory.path });
  expect(stdout).toContain('defineKernel');
  expect(stdout).not.toContain('createMachine');
});
