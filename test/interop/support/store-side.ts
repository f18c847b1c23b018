// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createStore } from '../../../src/xenstore/store.ts';
import { serveRing, type WireRing } from '../../../src/xenstore/wire-ring.ts';
import { serveWire } from '../../../src/xenstore/wire-socket.ts';
import { eventually } from '../../support/until.ts';
import type { RingPage } from './store-connection.ts';

/** A store server with domains that the test makes up. */
export interface StoreSide extends AsyncDisposable {
  readonly socket: string;
  /** A new domain, or a new one with an old id; still to be introduced by domain 0. @returns its page */
  domain(domid: number): RingPage;
  /** Called when domain 0 has introduced it. */
  introduced(domid: number): void;
  /** The domain is gone. Takes effect some time before the answer to the next request. */
  die(domid: number): void;
}

/** Our server, in this process. */
export async function ourSide(): Promise<StoreSide> {
  const directory = mkdtempSync('/tmp/xd-');
  const socket = join(directory, 'socket');
  const store = createStore();
  const server = await serveWire(store, socket);
  const pages = new Map<number, { readonly page: SharedArrayBuffer; ring?: WireRing }>();
  return {
    socket,
    domain(domid) {
      const made: { readonly page: SharedArrayBuffer; ring?: WireRing } = { page: new SharedArrayBuffer(4096) };
      const bytes = new Uint8Array(made.page);
      pages.set(domid, made);
      return {
        read: (at, target) => target.set(bytes.subarray(at, at + target.length)),
        write: (at, source) => bytes.set(source, at),
        kick: () => made.ring?.kick(),
      };
    },
    introduced(domid) {
      const made = pages.get(domid)!;
      made.ring = serveRing(store, domid, made.page, () => {});
    },
    die: (domid) => store.releaseDomain(domid),
    async [Symbol.asyncDispose]() {
      for (const { ring } of pages.values()) ring?.close();
      await server.close();
      rmSync(directory, { recursive: true });
    },
  };
}

const VIRQ = 999;
const PORT = 1000;

/** Debian's C xenstored in a process of its own, over a shim that stands for the hypervisor. Needs a C compiler. */
export async function cSide(program: string): Promise<StoreSide> {
  const directory = mkdtempSync('/tmp/xd-');
  const shim = join(directory, 'shim.so');
  const source = fileURLToPath(new URL('./xenstored-shim.c', import.meta.url));
  execFileSync('cc', ['-O1', '-fPIC', '-shared', '-o', shim, source]);
  const at = (name: string) => join(directory, name);
  execFileSync('mkfifo', [at('events')]);
  mkdirSync(at('run'));
  writeFileSync(at('port'), '1');
  writeFileSync(at('dom0.ring'), new Uint8Array(4096));
  writeFileSync(at('dom0.state'), '');

  const env = { PATH: process.env.PATH, LD_PRELOAD: shim, STORE_SHIM: directory, XENSTORED_RUNDIR: at('run') };
  const daemon: ChildProcess = spawn(program, ['-N', '-F', at('pid')], { env, stdio: 'ignore' });
  const socket = at('run/socket');
  await eventually(() => existsSync(socket) || daemon.exitCode !== null);
  if (daemon.exitCode !== null) throw new Error(`${program} ended with status ${daemon.exitCode}`);
  const events = openSync(at('events'), 'r+');
  const pages = new Map<number, number>();

  const raise = (port: number): void => void writeSync(events, new Uint8Array(new Uint32Array([port]).buffer));
  const forget = (domid: number): void => {
    const fd = pages.get(domid);
    if (fd !== undefined) closeSync(fd);
    pages.delete(domid);
  };

  return {
    socket,
    domain(domid) {
      forget(domid);
      rmSync(at(`dom${domid}.ring`), { force: true });
      writeFileSync(at(`dom${domid}.ring`), new Uint8Array(4096));
      writeFileSync(at(`dom${domid}.state`), '');
      const page = openSync(at(`dom${domid}.ring`), 'r+');
      pages.set(domid, page);
      return {
        read: (from, target) => void readSync(page, target, 0, target.length, from),
        write: (to, bytes) => void writeSync(page, bytes, 0, bytes.length, to),
        kick: () => raise(PORT + domid),
      };
    },
    introduced: () => {},
    die(domid) {
      rmSync(at(`dom${domid}.state`), { force: true });
      raise(VIRQ);
    },
    async [Symbol.asyncDispose]() {
      for (const domid of [...pages.keys()]) forget(domid);
      closeSync(events);
      const ended = once(daemon, 'close');
      daemon.kill('SIGKILL');
      await ended;
      rmSync(directory, { recursive: true });
    },
  };
}
