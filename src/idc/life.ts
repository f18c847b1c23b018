// SPDX-License-Identifier: Apache-2.0
import type { Channel, EndpointHandlers, EndpointState } from './contract.ts';

/** The states an endpoint may go to from each; anything else is a defect of the introduction. */
const NEXT: Readonly<Record<EndpointState, readonly EndpointState[]>> = {
  absent: ['present', 'destroyed'],
  present: ['connected', 'absent'],
  connected: ['disconnecting'],
  disconnecting: ['present'],
  destroyed: [],
};

/** What the life of an endpoint means to its other parts. */
export interface Living {
  /** @throws when a channel is not for this endpoint */
  check(channel: Channel): void;
  /** A connection stands; `incarnation` counts them from 1 on. */
  open(channel: Channel, incarnation: number): void;
  /** It does no more. Everything outstanding is ended. */
  close(): void;
  /** Whether nothing is left that has to be completed before the end. */
  settled(): boolean;
  /** The endpoint is destroyed. */
  end(): void;
}

/** The states of an endpoint (spec/idc.md 1.3 C, D): who is told what, and when. */
export interface Life {
  readonly state: EndpointState;
  readonly incarnation: number;
  appear(): void;
  connect(channel: Channel): void;
  disconnect(): Promise<void>;
  disappear(): void;
  connected(): Promise<void>;
  destroy(done: () => void): void;
  /** What had to be completed before the end may have been. */
  onSettled(): void;
}

/** Of an endpoint that is absent. */
export function createLife(handlers: EndpointHandlers, parts: Living): Life {
  let state: EndpointState = 'absent';
  let incarnation = 0;
  let whenConnected = Promise.withResolvers<void>();
  whenConnected.promise.catch(() => {});
  let destroying: (() => void) | undefined;
  let ending = Promise.withResolvers<void>();

  function go(to: EndpointState): void {
    if (!NEXT[state].includes(to)) throw new Error(`endpoint cannot go from ${state} to ${to}`);
    state = to;
  }

  function finishDestroy(): void {
    const done = destroying;
    if (done === undefined || state !== 'absent' || !parts.settled()) return;
    go('destroyed');
    whenConnected.reject(new Error('the endpoint was destroyed'));
    parts.end();
    done();
  }

  async function disconnect(): Promise<void> {
    if (state === 'disconnecting') return ending.promise;
    if (state !== 'connected') return;
    go('disconnecting');
    ending = Promise.withResolvers<void>();
    whenConnected = Promise.withResolvers<void>();
    whenConnected.promise.catch(() => {});
    parts.close();
    await new Promise<void>((done) => {
      if (handlers.onDisconnect) handlers.onDisconnect(done);
      else done();
    });
    go('present');
    if (destroying !== undefined) disappear();
    ending.resolve();
  }

  function disappear(): void {
    if (destroying !== undefined && state !== 'present') return;
    go('absent');
    handlers.onDisappear?.();
    finishDestroy();
  }

  return {
    get state() {
      return state;
    },
    get incarnation() {
      return incarnation;
    },
    appear() {
      if (destroying !== undefined) return;
      go('present');
      handlers.onAppear?.();
    },
    connect(channel) {
      if (destroying !== undefined) {
        channel.close();
        return;
      }
      parts.check(channel);
      go('connected');
      incarnation++;
      parts.open(channel, incarnation);
      whenConnected.resolve();
      handlers.onConnect?.();
    },
    disconnect,
    disappear,
    connected: () => whenConnected.promise,
    destroy(done) {
      if (destroying !== undefined) throw new Error('destroyed twice');
      destroying = done;
      if (state === 'connected') void disconnect();
      else if (state === 'present') disappear();
      else finishDestroy();
    },
    onSettled: finishDestroy,
  };
}
