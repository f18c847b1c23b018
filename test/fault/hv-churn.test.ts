// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { EVTCHN_STATUS } from '../../src/hv/contract.ts';
import { CHURNERS, type ChurnReport } from '../support/hv-churn.ts';
import { startThreadedMachine } from '../support/hv-threads.ts';
import { createWords } from '../support/hv-words.ts';

test.each([1, 2, 3])(
  'three threads open, bind, close and send at random (seed %i): what is left is sound',
  async (seed) => {
    await using machine = startThreadedMachine();
    const words = createWords();
    const doors = Array.from({ length: CHURNERS }, (_, index) => machine.add(index + 1));
    const reports = await Promise.all(
      doors.map((door) =>
        machine.run<ChurnReport>(door, 'churn', { words, port: 0, rounds: 5000, seed: seed * 10 + door.domid }),
      ),
    );
    const bound = new Map<string, string>();
    reports.forEach(({ ports }, index) => {
      for (const [port, status, remote, remotePort] of ports) {
        if (status === EVTCHN_STATUS.interdomain) bound.set(`${index + 1}/${port}`, `${remote}/${remotePort}`);
        else expect(status).toBe(EVTCHN_STATUS.unbound);
      }
    });
    for (const [end, partner] of bound) expect(bound.get(partner)).toBe(end);
    for (const { wrong, counts } of reports) {
      expect(wrong).toEqual([]);
      expect(counts.bound).toBeGreaterThan(100);
    }
    for (const { domid } of doors) expect(machine.hv.usage(domid)?.ports).toBe(0);
  },
);
