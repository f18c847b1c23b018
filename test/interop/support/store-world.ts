// SPDX-License-Identifier: Apache-2.0
import { XS } from '../../../src/xenstore/wire.ts';
import { type Answer, type RawConnection, ringConnection, socketConnection } from './store-connection.ts';
import type { StoreSide } from './store-side.ts';
import { OWNERS } from './store-steps.ts';

const NAMES = Object.fromEntries(Object.entries(XS).map(([name, type]) => [type, name]));

/** An answer as text; NULs are shown as `|`. */
export const shown = ({ type, payload }: Answer): string => `${NAMES[type] ?? type}:${payload.replaceAll('\0', '|')}`;

/** A server with the connections of a run, and nothing left of the run before. */
export interface StoreWorld extends Disposable {
  readonly connections: RawConnection[];
  /** What every connection has heard since the last look, sorted; each asks something, so that nothing is still on its way. */
  heard(): Promise<string[][]>;
  /** The domain dies and is made again. */
  reborn(domid: number): Promise<void>;
  /** The whole tree as domain 0 sees it. */
  tree(): Promise<string[]>;
}

export async function openWorld(side: StoreSide): Promise<StoreWorld> {
  const dom0 = await socketConnection(side.socket);
  const connections: RawConnection[] = [];

  const ask = async (type: number, ...args: readonly string[]) => {
    const answer = await dom0.ask(type, args.map((arg) => `${arg}\0`).join(''));
    dom0.heard();
    return shown(answer);
  };
  const listed = async (path: string) => {
    const { type, payload } = await dom0.ask(XS.directory, `${path}\0`);
    if (type !== XS.directory) throw new Error(`${path} cannot be listed: ${payload}`);
    return payload.split('\0').slice(0, -1);
  };

  async function end(domid: number): Promise<void> {
    side.die(domid);
    while ((await ask(XS.isDomainIntroduced, String(domid))) !== 'isDomainIntroduced:F|');
  }

  async function begin(domid: number): Promise<void> {
    const page = side.domain(domid);
    const answer = await ask(XS.introduce, String(domid), '100', '5');
    if (answer !== 'introduce:OK|') throw new Error(answer);
    side.introduced(domid);
    connections[(OWNERS as readonly number[]).indexOf(domid)] = ringConnection(page);
    await ask(XS.write, `/local/domain/${domid}`);
    await ask(XS.setPerms, `/local/domain/${domid}`, `n${domid}`);
  }

  for (const domid of [1, 2]) await end(domid);
  await ask(XS.setPerms, '/', 'n0');
  await ask(XS.write, '/');
  for (const name of await listed('/')) await ask(XS.rm, `/${name}`);
  for (const path of ['/tool', '/a/b/c', '/e', '/local/domain/0']) await ask(XS.mkdir, path);
  await ask(XS.setPerms, '/a', 'b0');
  connections.push(await socketConnection(side.socket), await socketConnection(side.socket));
  for (const domid of [1, 2]) await begin(domid);

  async function* walk(path: string): AsyncGenerator<string> {
    const value = await ask(XS.read, path);
    yield `${path} ${value} ${await ask(XS.getPerms, path)}`;
    for (const name of await listed(path)) yield* walk(`${path === '/' ? '' : path}/${name}`);
  }

  return {
    connections,
    async heard() {
      const all: string[][] = [];
      for (const connection of connections) {
        await connection.ask(XS.getDomainPath, '0\0');
        all.push(
          connection
            .heard()
            .map((event) => event.replaceAll('\0', '|'))
            .sort(),
        );
      }
      return all;
    },
    async reborn(domid) {
      await end(domid);
      // 4.17 tells the rights of the dead from those of the reborn by the count of writes, and takes an equal count for the latter.
      await ask(XS.write, '/local/domain/0');
      await begin(domid);
    },
    async tree() {
      const lines: string[] = [];
      for await (const line of walk('/')) lines.push(line);
      return lines;
    },
    [Symbol.dispose]() {
      dom0.close();
      for (const connection of connections) connection.close();
    },
  };
}
