// SPDX-License-Identifier: Apache-2.0
import type { Domain, Interrupt } from '../../contract.ts';
import type { Outcome } from './command.ts';
import { asDisk } from './disks.ts';

/** What a letter of `xm sysrq` does, as in Linux where a shell has the same. */
interface Sysrq {
  readonly help: string;
  /** @returns how the domain ends, if it does */
  run(domain: Domain, write: (text: string) => void): Outcome | Promise<void>;
}

const SYSRQ: Readonly<Record<string, Sysrq>> = {
  b: { help: 'reBoot', run: () => ({ end: 'reboot' }) },
  c: { help: 'Crash', run: () => ({ crash: 'sysrq: c' }) },
  o: { help: 'powerOff', run: () => ({ end: 'poweroff' }) },
  s: { help: 'Sync', run: sync },
};

/** Every write that was answered is on stable storage after it. */
async function sync({ devices }: Domain, write: (text: string) => void): Promise<void> {
  for (const device of devices.list()) {
    const disk = device.connected ? asDisk(device) : undefined;
    if (disk === undefined || disk.readonly) continue;
    await disk.flush().then(
      () => write(`sysrq: ${device.name} is synced\n`),
      (error: Error) => write(`sysrq: ${error.message}\n`),
    );
  }
  write('sysrq: sync is complete\n');
}

/**
 * Listens to interrupts, whatever the shell is doing: prints what came, and does it.
 *
 * @returns resolves with how the domain ends, when one of them ends it
 */
export function untilInterrupted(domain: Domain, write: (text: string) => void): Promise<Outcome> {
  return new Promise((resolve) => {
    domain.onInterrupt((interrupt: Interrupt) => {
      if (interrupt.kind === 'nmi') {
        write('\nnmi: received\n');
        return;
      }
      const { letter } = interrupt;
      const found = SYSRQ[letter];
      if (found === undefined) {
        const known = Object.entries(SYSRQ).map(([key, { help }]) => `${help}(${key})`);
        write(`\nsysrq: ${letter} is none of ${known.join(' ')}\n`);
        return;
      }
      write(`\nsysrq: ${letter}, ${found.help}\n`);
      const outcome = found.run(domain, write);
      if (!(outcome instanceof Promise)) resolve(outcome);
    });
  });
}
