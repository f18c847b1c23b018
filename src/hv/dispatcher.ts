// SPDX-License-Identifier: Apache-2.0
import { POINT } from '../trace/points.ts';
import type { Recorder } from '../trace/recorder.ts';
import { runEventLoop } from './event-loop.ts';
import { portsOf, type SharedInfo, takeEvent, takePending, waitForEvent } from './shared-info.ts';

/** Delivers a domain's events to handlers. There is one for each domain, in the domain's thread. */
export interface Dispatcher {
  /** Sets or removes the handler of a port. Events without handler are dropped. */
  listen(port: number, handler: (() => void) | undefined): void;
  /** Handles what is pending, now. @returns whether any event was there */
  poll(): boolean;
  /** Handles what is pending at one port, masked or not. */
  deliver(port: number): void;
  /** Blocks for an event of one port, masked or not, and takes it; see {@link waitForEvent}. @returns whether there was one */
  wait(port: number, timeout: number): boolean;
  /** Ends delivery. */
  stop(): void;
}

/** The handlers of a domain's ports. */
export function createHandlers(info: SharedInfo, trace: Recorder): Pick<Dispatcher, 'listen' | 'poll' | 'deliver'> {
  const handlers: ((() => void) | undefined)[] = new Array(portsOf(info)).fill(undefined);

  function handle(port: number): void {
    if (trace.on) handleTraced(port);
    else handlers[port]?.();
  }

  function handleTraced(port: number): void {
    const start = trace.now();
    try {
      handlers[port]?.();
    } finally {
      trace.span(POINT.handle, start, port);
    }
  }

  return {
    listen(port, handler) {
      handlers[port] = handler;
    },
    poll: () => takePending(info, handle),
    deliver(port) {
      if (takeEvent(info, port)) handle(port);
    },
  };
}

/** Starts delivering events of `info` in a thread that is the domain's own. */
export function createDispatcher(info: SharedInfo, trace: Recorder): Dispatcher {
  const handlers = createHandlers(info, trace);
  return {
    ...handlers,
    wait: (port, timeout) => waitForEvent(info, port, timeout),
    stop: runEventLoop(info, handlers.poll),
  };
}
