// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { XS } from '../../src/xenstore/wire.ts';
import { findProgram } from '../support/programs.ts';
import { cSide, ourSide, type StoreSide } from './support/store-side.ts';
import { NOBODY, ODD, OWNERS, type StoreStep, storeStep } from './support/store-steps.ts';
import { openWorld, shown } from './support/store-world.ts';

/**
 * The same requests to our server and to Debian's C xenstored (package xen-utils-4.17): domain 0 on two sockets, domains 1 and 2
 * on their ring pages, with watches, permissions, transactions and deaths. What differs must be in {@link CHOICES}.
 */
const program = findProgram('xenstored', ['/usr/lib/xen-4.17/bin']);

function hasCompiler(): boolean {
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const why =
  program === undefined ? 'no C xenstored: apt-get install xen-utils-4.17' : hasCompiler() ? '' : 'no C compiler';
if (why !== '') console.log(`xenstore is not compared with the C daemon, ${why}`);

/** An answer that may differ, why, and what makes it so; the choices are explained in src/xenstore/README.md. */
interface Choice {
  readonly about: string;
  readonly covers: (step: Extract<StoreStep, { kind: 'ask' }>, ours: string, theirs: string) => boolean;
}

const CHOICES: readonly Choice[] = [
  {
    about: 'watches have a depth, which 4.17 does not know',
    covers: ({ type, payload }, ours, theirs) =>
      type === XS.watch &&
      payload.split('\0').length === 4 &&
      /^(watch:OK|error:EEXIST)/.test(ours) &&
      theirs === 'error:EINVAL|',
  },
  {
    about:
      'a node and the rights to it are looked at before its new owner; 4.17 tells first that there is no such domain',
    covers: ({ type, payload }, ours, theirs) =>
      type === XS.setPerms &&
      payload.split('\0')[1]?.slice(1) === NOBODY &&
      ours.startsWith('error:') &&
      theirs === 'error:ENOENT|',
  },
  {
    about: 'to remove the root is EINVAL for everybody; 4.17 has other errors for it too',
    covers: ({ type, payload }, ours, theirs) =>
      type === XS.rm && payload === '/\0' && ours === 'error:EINVAL|' && theirs.startsWith('error:'),
  },
  {
    about: 'a path that is none is EINVAL before anything else is looked at',
    covers: ({ payload }, ours, theirs) =>
      ODD.includes(payload.split('\0')[0]!) && ours === 'error:EINVAL|' && theirs.startsWith('error:'),
  },
];
const RUNS = process.env.DIFFERENTIAL_RUNS;
const counts = new Map<string, number>();
const met = (about: string): void => void counts.set(about, (counts.get(about) ?? 0) + 1);

const WRITES: readonly number[] = [XS.write, XS.mkdir, XS.rm, XS.setPerms];

/** These answer OK also where there is nothing to do: then equal answers do not mean that both saw the same nodes. */
const EMPTY_HANDED: readonly number[] = [XS.mkdir, XS.rm];

interface OpenTransaction {
  readonly ids: readonly [number, number];
  /** Somebody changed the store since it began. */
  overtaken: boolean;
  /** The two stores may see different nodes in it, so that it must not be committed. */
  apart: boolean;
  /** It has removed something. */
  removes: boolean;
}

/** Runs steps on both. Ends early where a choice lets the two stores go apart. */
async function compare(ours: StoreSide, theirs: StoreSide, steps: readonly StoreStep[]): Promise<void> {
  using our = await openWorld(ours);
  using their = await openWorld(theirs);
  const open = OWNERS.map((): OpenTransaction | undefined => undefined);

  const both = async (who: number, type: number, payload: string, ids: readonly [number, number] = [0, 0]) => {
    const mine = shown(await our.connections[who]!.ask(type, payload, ids[0]));
    return [mine, shown(await their.connections[who]!.ask(type, payload, ids[1]))] as const;
  };
  const changed = (): void => {
    for (const transaction of open) if (transaction !== undefined) transaction.overtaken = true;
  };

  for (const step of steps) {
    let removal = false;
    if (step.kind === 'reborn') {
      await our.reborn(step.domid);
      await their.reborn(step.domid);
      open[(OWNERS as readonly number[]).indexOf(step.domid)] = undefined;
      changed();
    } else if (step.kind === 'start') {
      if (open[step.who] !== undefined) continue;
      const answers = await both(step.who, XS.transactionStart, '\0');
      const ids = answers.map((answer) => Number(/^transactionStart:(\d+)\|$/.exec(answer)?.[1]));
      expect(ids.every((id) => id > 0)).toBe(true);
      open[step.who] = { ids: [ids[0]!, ids[1]!], overtaken: false, apart: false, removes: false };
    } else if (step.kind === 'end') {
      const transaction = open[step.who];
      if (transaction === undefined) continue;
      open[step.who] = undefined;
      const commit = step.commit && !transaction.apart;
      const [mine, other] = await both(step.who, XS.transactionEnd, commit ? 'T\0' : 'F\0', transaction.ids);
      if (mine !== other && transaction.overtaken) {
        met('a commit fails only where somebody could tell the difference');
        return;
      }
      expect(mine).toBe(other);
      if (commit && mine.includes('OK')) changed();
      removal = commit && transaction.removes;
    } else {
      const transaction = step.inside ? open[step.who] : undefined;
      const [mine, other] = await both(step.who, step.type, step.payload, transaction?.ids);
      const choice = CHOICES.find(({ covers }) => covers(step, mine, other));
      if (transaction?.overtaken && (mine !== other || EMPTY_HANDED.includes(step.type))) {
        met('a transaction sees the store as it was when it began');
        transaction.apart = true;
      } else if (mine !== other && choice !== undefined) {
        met(choice.about);
        if (step.type === XS.watch) await our.connections[step.who]!.ask(XS.unwatch, step.payload.replace(/1\0$/, ''));
      } else {
        expect(`${spoken(step)} -> ${mine}`).toBe(`${spoken(step)} -> ${other}`);
      }
      if (transaction !== undefined && step.type === XS.rm) transaction.removes = true;
      if (transaction === undefined && WRITES.includes(step.type)) changed();
      if (step.type === XS.resetWatches && mine.includes('OK')) open[step.who] = undefined;
    }
    const [mine, other] = [heardByAll(await our.heard()), heardByAll(await their.heard())] as const;
    if (removal && !isDeepStrictEqual(mine, other)) {
      met('a removal is told to who may read the parent; 4.17 does not tell it of nodes a transaction removes');
      const there = new Set((await our.tree()).map((line) => line.split(' ')[0]!));
      for (const [who, heard] of other.entries()) {
        const goneToo = mine[who]!.filter((event) => !heard.includes(event) && mayBeTold(who, event, there));
        expect([...heard, ...goneToo].sort(), spoken(step)).toEqual(mine[who]);
      }
    } else {
      expect(mine, spoken(step)).toEqual(other);
    }
  }
  expect(await our.tree()).toEqual(await their.tree());
}

/** A guest may hear more than in 4.17 where a transaction removed something: of a node that is gone. */
function mayBeTold(who: number, event: string, there: ReadonlySet<string>): boolean {
  const [path = ''] = event.split('|');
  const owner = OWNERS[who]!;
  return owner !== 0 && !there.has(path.startsWith('/') ? path : `/local/domain/${owner}/${path}`);
}

function spoken(step: StoreStep): string {
  if (step.kind !== 'ask') return JSON.stringify(step);
  const { who, type, payload, inside } = step;
  return `${who} asks${inside ? ' inside' : ''} ${shown({ type, payload })}`;
}

/**
 * Without what 4.17 has none of: watches with a depth, the ends of domains told to guests, and equal events of several watches
 * (it drops one that equals another that waits; ours are merged per watch).
 */
function heardByAll(events: readonly string[][]): string[][] {
  const common = (event: string, who: number) =>
    !event.endsWith('|deep|') && (OWNERS[who] === 0 || !event.startsWith('@releaseDomain|'));
  return events.map((all, who) => [...new Set(all.filter((event) => common(event, who)))]);
}

describe.skipIf(why !== '')('beside the C daemon', () => {
  test('random requests get the same answers and events, and leave the same tree', { timeout: 300_000 }, async () => {
    await using ours = await ourSide();
    await using theirs = await cSide(program!);
    await fc.assert(
      fc.asyncProperty(fc.array(storeStep, { minLength: 1, maxLength: 80, size: 'max' }), (steps) =>
        compare(ours, theirs, steps),
      ),
      // Other steps every time where somebody looks for new differences; the same where it guards against a change of ours.
      RUNS === undefined ? { numRuns: 500, seed: 417 } : { numRuns: Number(RUNS) },
    );
    for (const [about, times] of counts) console.log(`differs by choice, ${times} times: ${about}`);
  });
});
