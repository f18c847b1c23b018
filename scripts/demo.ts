// SPDX-License-Identifier: Apache-2.0
/**
 * Shows the whole stack on real input, as a user would type it: boots a domain, reads its disk through front end, ring and
 * back end, attaches another one while it runs, and compares every checksum with the host's. Uses a supervisor of its own
 * and ends it. Exits 1 when anything is not as it should be.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { demoImage, makeDemoImage } from './image.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'xm-demo-'));
const second = join(scratch, 'second.img');
const env = { ...process.env, XEND_RUNDIR: join(scratch, 'run'), XEND_STATEDIR: join(scratch, 'state') };

function step(title: string): void {
  console.log(`\n=== ${title}\n`);
}

/** Runs a command line of `xm` as shown, and prints what it prints. */
function xm(line: string, input?: string): string {
  const typed = input === undefined ? '' : `printf '${input.replaceAll('\n', '\\n')}' | `;
  console.log(`$ ${typed}xm ${line.replaceAll(scratch, '/tmp/xm-demo').replace('^done', "'^done'")}`);
  const result = spawnSync(join(root, 'bin/xm'), line.split(' '), {
    cwd: root,
    env,
    input: input ?? '',
    encoding: 'utf8',
  });
  const shown = result.stdout.replaceAll('\r\n', '\n');
  process.stdout.write(shown === '' || shown.endsWith('\n') ? shown : `${shown}\n`);
  process.stderr.write(result.stderr);
  if (result.status !== 0) throw new Error(`xm ${line} ended with status ${result.status}`);
  return result.stdout;
}

function md5(file: string): string {
  const sum = createHash('md5').update(readFileSync(file)).digest('hex');
  console.log(`\n$ md5sum ${file.replace(root, '').replace(scratch, '/tmp/xm-demo')}\n${sum}`);
  return sum;
}

/** The checksum that the guest's shell printed for a device. */
function sumOf(output: string, device: string): string {
  return new RegExp(`([0-9a-f]{32}) +${device}`).exec(output)?.[1] ?? 'none';
}

function same(what: string, guest: string, host: string): void {
  if (guest !== host) throw new Error(`${what}: the guest has ${guest}, the host ${host}`);
  console.log(`--> equal: ${what}`);
}

function demo(): void {
  step('The configuration: a domain that runs the built-in shell, and a disk');
  if (makeDemoImage()) console.log('(made configs/demo.img, 64 MiB)\n');
  console.log(readFileSync(join(root, 'configs/demo.sxp'), 'utf8'));

  step('Boot it; the supervisor starts by itself');
  xm('create configs/demo.sxp');
  xm('list');
  xm('block-list demo');

  step('Its shell reads the disk: blkfront -> ring -> blkback -> the image file');
  const read = xm('console demo --until ^done', 'ls\nsum xvda\necho done\n');
  same('what the guest read is what the host has', sumOf(read, 'xvda'), md5(demoImage));

  step('A second disk, attached while it runs, written by the guest, read back on the host');
  writeFileSync(second, Buffer.alloc(16 * 1024 * 1024));
  xm(`block-attach demo file:${second} xvdb w`);
  const written = xm('console demo --until ^done', 'fill xvdb -s 42\necho done\n');
  xm('block-detach demo xvdb');
  xm('block-list demo');
  same('what the guest wrote is what the host has', sumOf(written, 'xvdb'), md5(second));

  step('What xend did');
  xm('log -n 12');

  step('Who uses what');
  xm('top -b -i 1');

  step('The end');
  xm('shutdown -w demo');
  xm('list');
  xm('xend stop');
  console.log(
    '\nAll of it worked. configs/demo.img stays, so that you can go on by hand: npx xm create -c configs/demo.sxp',
  );
}

try {
  demo();
} catch (error) {
  console.error(`\nThe demo failed: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  spawnSync(join(root, 'bin/xm'), ['xend', 'stop'], { env });
  rmSync(scratch, { recursive: true, force: true });
}
