// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { createMessageRing } from '../../../src/hv/message-ring.ts';
import { startMachine } from '../../support/hv-machine.ts';

test('the ring keeps whole lines, the newest 16 KiB of them', () => {
  const ring = createMessageRing();
  for (let i = 0; i < 5000; i++) ring.print(`line ${i}`);
  const text = ring.read(false);
  const lines = text.trimEnd().split('\n');
  expect(text.length).toBeLessThanOrEqual(16 * 1024);
  expect(text.length).toBeGreaterThan(16 * 1024 - 32);
  expect(lines.at(-1)).toBe('(XEN) line 4999');
  expect(lines[0]).toBe(`(XEN) line ${5000 - lines.length}`);
});

test('a line longer than the ring leaves it empty and usable', () => {
  const ring = createMessageRing();
  ring.print('x'.repeat(20_000));
  expect(ring.read(false)).toBe('');
  ring.print('after');
  expect(ring.read(false)).toBe('(XEN) after\n');
});

test('reading with clear empties it', () => {
  using machine = startMachine([]);
  machine.hv.printk('hello');
  expect(machine.hv.dmesg(true)).toBe('(XEN) hello\n');
  expect(machine.hv.dmesg(false)).toBe('');
  machine.add(4, 512);
  machine.hv.destroyDomain(4);
  expect(machine.hv.dmesg(false)).toBe('(XEN) domain 4 created, 2 MB of pages\n(XEN) domain 4 destroyed\n');
});
