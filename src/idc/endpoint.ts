// SPDX-License-Identifier: Apache-2.0
import type { Registration } from '../hv/lending-contract.ts';
import type { LocalBuffer } from './buffers/contract.ts';
import {
  type CallResult,
  type Channel,
  type ChannelSink,
  DEFAULT_QUOTAS,
  type Endpoint,
  type EndpointHandlers,
  type Quotas,
  type Transaction,
} from './contract.ts';
import { createIncoming } from './incoming.ts';
import { createLife, type Life } from './life.ts';
import { createLocalBodies } from './local-bodies.ts';
import { createOutgoing } from './outgoing.ts';
import { callPolled } from './polled.ts';
import { read } from './read.ts';
import type { RegisterOptions, RemoteBuffers } from './remote-contract.ts';
import { createSubmission, KIND, type Submission } from './submission.ts';

/** What an introduction (a device controller, a rendezvous) does to an endpoint, beside what its user does. */
export interface EndpointControl extends Endpoint {
  /** The peer was discovered. */
  appear(): void;
  /** A connection to it stands. @throws when the channel's quotas are not the endpoint's */
  connect(channel: Channel): void;
  /** The connection is over. Resolves when the user let go; until then there is no new connection. */
  disconnect(): Promise<void>;
  /** The peer went away. Only while not connected. Nothing when the user's `destroy` has done it. */
  disappear(): void;
  /** Storage for a transaction that the peer's endpoint answers by itself, without its user, with the parameters. */
  probe(): Transaction;
}

/** Quotas beside the defaults, and the handlers. `onBroken` is the introduction's: the peer broke the protocol. */
export interface EndpointOptions extends EndpointHandlers {
  readonly quotas?: Partial<Quotas>;
  /** The domain's, for what this endpoint lends, and for bodies that are local buffers; without it there are none. */
  readonly buffers?: RemoteBuffers;
  readonly onBroken?: (reason: string) => void;
}

/**
 * The endpoint core, above any channel (spec/idc.md 1.3 C to H). Storage of everything in flight, in both directions, is
 * made here, once.
 */
export function createEndpoint(options: EndpointOptions = {}): EndpointControl {
  const quotas: Quotas = { ...DEFAULT_QUOTAS, ...options.quotas };
  const { inFlight, bodyBytes } = quotas;
  const registrations = options.buffers?.reserve(quotas.registrations);
  const bodies = createLocalBodies(options.buffers, bodyBytes, () => outgoing.channel !== undefined);
  const outgoing = createOutgoing(quotas, broke, () => life.onSettled());
  const incoming = createIncoming(quotas, options, bodies.bufferOf, outgoing.flush, broke);
  const sink: ChannelSink = {
    request: incoming.request,
    reply: outgoing.reply,
    delivered: outgoing.flush,
    broken: broke,
  };
  const life: Life = createLife(options, {
    check({ quotas: given }) {
      if (given.inFlight === inFlight && given.bodyBytes === bodyBytes) return;
      throw new Error('the channel has other quotas than the endpoint');
    },
    open(channel, incarnation) {
      incoming.open(channel, incarnation);
      outgoing.open(channel);
      channel.open(sink);
    },
    close() {
      const { channel } = outgoing;
      outgoing.close();
      incoming.close();
      channel?.close();
      outgoing.failOutstanding();
      bodies.close();
    },
    settled: () => outgoing.settled,
    end() {
      registrations?.close();
      incoming.end();
    },
  });

  function broke(reason: string): void {
    outgoing.channel?.close();
    options.onBroken?.(reason);
  }

  function post(body: Uint8Array | LocalBuffer, complete?: (transport: number) => void): void {
    if (!(body instanceof Uint8Array)) {
      postBuffer(body, complete);
      return;
    }
    const submission = outgoing.prepare(KIND.message, body);
    submission.posted = complete;
    outgoing.submit(submission, finishPost);
  }

  /** Apart from `post`, which makes no closures: the engine would make an object for what they share in each call. */
  function postBuffer(body: LocalBuffer, complete?: (transport: number) => void): void {
    bodies.gather(
      body,
      (bytes) => post(bytes, complete),
      (transport) => complete?.(transport),
    );
  }

  function register(buffer: LocalBuffer, how: RegisterOptions): Registration | undefined {
    return registrations?.register(buffer, how);
  }

  function finishPost(transaction: Transaction): void {
    const submission = transaction as Submission;
    const { posted, transport } = submission;
    submission.posted = undefined;
    outgoing.keep(submission);
    posted?.(transport);
  }

  function call(parameters: Uint8Array | LocalBuffer): Promise<CallResult> {
    return new Promise((resolve) => {
      if (!(parameters instanceof Uint8Array)) {
        bodies.gather(
          parameters,
          (bytes) => resolve(call(bytes)),
          (transport) => resolve({ transport, error: 0, status: new Uint8Array(0) }),
        );
        return;
      }
      outgoing.submit(outgoing.prepare(KIND.transaction, parameters), (submission) => {
        const { transport, error, status, statusLength } = submission;
        resolve({ transport, error, status: status.slice(0, statusLength) });
        outgoing.keep(submission as Submission);
      });
    });
  }

  return {
    get state() {
      return life.state;
    },
    get incarnation() {
      return life.incarnation;
    },
    quotas,
    register,
    transaction: () => createSubmission(bodyBytes),
    probe: () => createSubmission(bodyBytes, KIND.probe),
    submit: (transaction, complete) => outgoing.submit(transaction as Submission, complete),
    post,
    cork: () => outgoing.cork(1),
    uncork: outgoing.uncork,
    poll() {
      if (!outgoing.settled) outgoing.refuse();
      outgoing.channel?.poll();
    },
    connected: life.connected,
    call,
    read: (target, request) => read({ register, call }, target, request),
    callPolled: (transaction, timeout) => callPolled(outgoing, transaction as Submission, timeout),
    send: (body) => new Promise((resolve) => post(body, resolve)),
    messages: incoming.messages,
    health: () => ({ ...outgoing.counts(), ...incoming.counts(), registered: registrations?.inUse ?? 0 }),
    destroy: (done = () => {}) => life.destroy(done),
    appear: life.appear,
    connect: life.connect,
    disconnect: life.disconnect,
    disappear: life.disappear,
  };
}
