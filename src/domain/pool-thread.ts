// SPDX-License-Identifier: Apache-2.0
import { AsyncLocalStorage } from 'node:async_hooks';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import { createEventHub, type Guard } from '../hv/event-hub.ts';
import { type BootedDomain, bootDomain } from './boot.ts';
import { blameEnd, guardExit } from './class-guard.ts';
import { importKernel } from './kernel-module.ts';
import {
  linesOf,
  OFFICE,
  type PoolNews,
  type PoolOrder,
  type PoolThreadData,
  type StartOrder,
} from './pool-messages.ts';
import { checkSandbox, enterSandbox } from './sandbox.ts';
import { createTrunk } from './trunk.ts';

// The entry of a thread of a pool: it holds many domains. What each of them throws, wherever that comes from, ends it alone;
// which one it was is known from the asynchronous context, in which everything runs that a domain ever started.

/** A domain of this thread. */
interface Life {
  readonly end: (exitCode: number, error?: unknown) => void;
}

const { board } = workerData as PoolThreadData;
const trunk = createTrunk(parentPort!, () => receiveMessageOnPort(parentPort!)?.message);
const office = trunk.open(OFFICE);
const hub = createEventHub(board);
const current = new AsyncLocalStorage<Life>();
const lives = new Map<number, Life>();
/** Directories of the kernels and front ends of all domains so far; files end without a slash. */
const readable = new Set<string>();
/** Texts of kernels that are being imported. */
const sources = new Map<string, string>();
const exitThread = process.exit.bind(process);

const tell = (news: PoolNews): void => office.postMessage(news);

function start({ domain, kernel, readable: paths }: StartOrder): void {
  const { domid } = domain.memory;
  let booted: BootedDomain | undefined;
  const life: Life = {
    end(exitCode, error) {
      if (lives.get(domid) !== life) return;
      lives.delete(domid);
      booted?.close();
      const failure = error === undefined ? undefined : { message: messageOf(error), stack: (error as Error)?.stack };
      tell({ ended: domid, exitCode, failure });
    },
  };
  const inside = current.run(life, () => AsyncLocalStorage.snapshot());
  const guard: Guard = (run) => {
    try {
      return inside(run);
    } catch (error) {
      life.end(1, error);
      return undefined;
    }
  };
  for (const path of paths) readable.add(path);
  lives.set(domid, life);
  const lines = linesOf(domid);
  guard(() => {
    booted = bootDomain(
      domain,
      {
        hypercalls: trunk.open(lines.hypercalls, guard),
        store: trunk.open(lines.store, guard),
        control: trunk.open(lines.control, guard),
      },
      {
        dispatch: (info, trace) => hub.join(info, trace, guard),
        async loadKernel() {
          // Those of this project keep nothing in their modules, so that one instance does for all.
          const url = kernel.builtin ? kernel.url : `${kernel.url}?domain=${domid}`;
          if (kernel.source !== undefined) sources.set(url, kernel.source);
          return importKernel(url).finally(() => sources.delete(url));
        },
      },
    );
    booted.ended.then(
      () => life.end(0),
      (error: unknown) => life.end(1, error ?? new Error('thrown: nothing')),
    );
  });
}

/** What no domain can be blamed for ends the thread. */
function blame(error: unknown): void {
  const life = current.getStore();
  if (life !== undefined) {
    life.end(1, error);
    return;
  }
  tell({ lost: messageOf(error) });
  exitThread(1);
}

class Exited extends Error {}

process.on('uncaughtException', (error: unknown) => {
  if (!(error instanceof Exited) && !blameEnd(error)) blame(error);
});
process.exit = (code) => {
  const life = current.getStore();
  if (life === undefined) return exitThread(code);
  life.end(Number(code ?? process.exitCode ?? 0));
  // It does not return: what called it goes no further.
  throw new Exited('the domain has ended');
};
guardExit();

enterSandbox({
  sourceOf: (url) => sources.get(url),
  mayRead: (path) => [...readable].some((own) => (own.endsWith('/') ? path.startsWith(own) : path === own)),
});
const open = checkSandbox(['/']);
if (open.length > 0) throw new Error(`this Node does not confine a thread: ${open.join(', ')}`);

office.on('message', (order: PoolOrder) => {
  if ('start' in order) start(order.start);
  else if ('end' in order) lives.get(order.end)?.end(0);
  else tell({ here: order.ping });
});
