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

test("an outside program runs the README's machine, with types", async () => {
  using directory = elsewhere({
    'left.ts': sample('README.md', '// left.ts'),
    'program.ts': sample('README.md', '// program.ts'),
  });
  const { stdout } = await run(process.execPath, ['program.ts'], { cwd: directory.path });
  expect(stdout).toBe('left answers: ping\n');
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const checked = run(process.execPath, [tsc, '-p', directory.path]);
  expect(await checked.catch(({ stdout: findings }: { stdout: string }) => findings)).toMatchObject({ stdout: '' });
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
