// SPDX-License-Identifier: Apache-2.0
import { type Store, StoreError } from './contract.ts';
import { parseDomid, parseNumber } from './wire-arguments.ts';

interface Command {
  readonly help: string;
  /** @returns what the tool prints; undefined for a plain `OK` */
  readonly run: (store: Store, args: readonly string[]) => string | undefined;
}

/** Figures below each other, as the C daemon prints them. */
const lines = (width: number, figures: Readonly<Record<string, number>>): string =>
  Object.entries(figures)
    .map(([name, value]) => `${name.padEnd(width)}: ${String(value).padStart(8)}\n`)
    .join('');

function usageOf(store: Store, domid: number): string {
  const usage = store.usage(domid);
  if (usage === undefined) throw new StoreError('ENOENT', `no domain ${domid}`);
  return `Domain ${domid}:\n${lines(16, { ...usage })}`;
}

/** The commands of `xenstore-control` (spec/primitives.md 1.9) that have a meaning here. */
const COMMANDS: Readonly<Record<string, Command>> = {
  check: {
    help: 'compare the accounts with the tree',
    run: (store) => store.check().join('\n') || undefined,
  },
  memreport: {
    help: 'what the store holds, in numbers and bytes',
    run: (store) => lines(20, { ...store.totals(), ...process.memoryUsage() }),
  },
  quota: {
    help: '[set <name> <value> | <domid>]: limits, or what a domain uses',
    run(store, [word, name, value]) {
      if (word === undefined) return `Quota settings:\n${lines(17, { ...store.quotas })}`;
      if (word !== 'set') return usageOf(store, parseDomid(word));
      if (name === undefined || value === undefined) throw new StoreError('EINVAL', 'quota set');
      store.setQuota(name, parseNumber(value));
      return undefined;
    },
  },
  help: {
    help: 'this list',
    run: () =>
      Object.entries(COMMANDS)
        .map(([name, { help }]) => `${name.padEnd(10)} ${help}\n`)
        .join(''),
  },
};

/**
 * CONTROL: looks after the store while it runs.
 * @returns text for people; undefined for a plain `OK`
 * @throws StoreError EINVAL for an unknown command or bad arguments
 */
export function control(store: Store, [name = '', ...args]: readonly string[]): string | undefined {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw new StoreError('EINVAL', `no command '${name}'`);
  const text = command.run(store, args);
  return text === undefined ? undefined : `${text}\0`;
}
