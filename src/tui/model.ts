// SPDX-License-Identifier: Apache-2.0
import type { LogRecord } from '../xend/log-line.ts';
import { createHistory } from './history.ts';
import type { World } from './page.ts';
import type { Reading, Source, Wishes } from './reading.ts';
import { type DomainRow, type Sample, sample } from './sample.ts';

/** How long a domain stays to be seen after its end, milliseconds. */
const FAREWELL = 5000;

/** Makes worlds of rounds. */
export interface Model {
  /** Reads what is wanted now, and compares it with the round before. @throws XmError when xend cannot be asked */
  round(wishes: Wishes): Promise<World>;
}

export function createModel(source: Source): Model {
  const history = createHistory();
  /** Domains that are gone, by id, until when they are shown. */
  const departed = new Map<number, { readonly row: DomainRow; readonly until: number }>();
  let previous: Reading | undefined;
  let last: Sample | undefined;

  async function part(now: Sample): Promise<void> {
    const there = new Set(now.domains.map(({ domid }) => domid));
    const left = last?.domains.filter(({ domid }) => !there.has(domid)) ?? [];
    if (left.length === 0) return;
    const { about = [] } = await source.read({ about: left.map(({ name }) => name) });
    for (const row of left) {
      departed.set(row.domid, {
        row: { ...row, cpuPercent: 0, gone: reasonOf(row, about) },
        until: now.time + FAREWELL,
      });
    }
  }

  return {
    async round(wishes) {
      const reading = await source.read(wishes);
      const now = sample(previous, reading);
      history.add(now);
      await part(now);
      previous = reading;
      last = now;
      for (const [domid, { until }] of departed) if (until < now.time) departed.delete(domid);
      const ghosts = [...departed.values()].map(({ row }) => row);
      return { sample: { ...now, domains: [...now.domains, ...ghosts] }, reading, history };
    },
  };
}

/** Why a domain ended, as the log says. */
function reasonOf({ name, domid, shutdownReason }: DomainRow, records: readonly LogRecord[]): string {
  const words = `Domain ${name} (id=${domid}) ended: `;
  const found = records.findLast(({ text }) => text.startsWith(words));
  return found?.text.slice(words.length).split('\n')[0] ?? shutdownReason ?? 'no reason is known';
}
