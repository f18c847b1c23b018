// SPDX-License-Identifier: Apache-2.0
import { MAX_ORDER, PAGE_SIZE } from '../../../src/hv/contract.ts';
import type { EndpointHandlers, Quotas, Transaction } from '../../../src/idc/contract.ts';
import type { EndpointControl } from '../../../src/idc/endpoint.ts';
import type { Bulk } from './bulk.ts';
import { type DrivingEnd, timeOf } from './end.ts';

/** Milliseconds after which an answer does not come any more. */
const TIMEOUT = 10_000;
/** Buffers that are on their way at once. */
const DEPTH = 8;
/** Before the reference of what is to be fetched. */
const LENGTH_BYTES = 4;

export function quotasFor(messageBytes: number): Quotas {
  return { inFlight: 256, bodyBytes: messageBytes, registrations: 8 };
}

/** The handlers of the other end. A transaction shorter than the quota is a length and a reference: to be fetched. */
export function servingHandlers({ bodyBytes }: Quotas, bulk: Bulk): EndpointHandlers {
  let memory = new Uint8Array(0);
  return {
    onMessage: (message) => message.complete(),
    onTransaction(transaction) {
      const { parameters, parametersLength } = transaction;
      if (parametersLength === bodyBytes) {
        transaction.complete(0, parametersLength);
        return;
      }
      const length = new DataView(parameters.buffer, parameters.byteOffset).getUint32(0);
      if (memory.length < length) memory = new Uint8Array(length);
      const reference = parameters.subarray(LENGTH_BYTES, parametersLength);
      bulk.fetch(reference, memory.subarray(0, length), () => transaction.complete(0));
    },
  };
}

/** Drives an endpoint by its callback layer, which is the one for speed. */
export function driveEndpoint(endpoint: EndpointControl, bulk: Bulk): DrivingEnd {
  const { bodyBytes, inFlight } = endpoint.quotas;
  const body = new Uint8Array(bodyBytes).fill(1);
  const question = endpoint.transaction();
  question.parametersLength = bodyBytes;

  /** Submits so many times in all, each transaction again when its answer has come. */
  function repeat(transactions: readonly Transaction[], count: number, ended: (index: number) => void): Promise<void> {
    return new Promise((resolve) => {
      let submitted = 0;
      let index = 0;
      const submit = (transaction: Transaction): void => {
        if (submitted++ < count) endpoint.submit(transaction, complete);
      };
      const complete = (transaction: Transaction): void => {
        ended(index++);
        if (index === count) resolve();
        else submit(transaction);
      };
      transactions.forEach(submit);
    });
  }

  return {
    stream: (count) =>
      new Promise((resolve) => {
        let sent = 0;
        let taken = 0;
        const send = (): void => {
          sent++;
          endpoint.post(body, complete);
        };
        const complete = (): void => {
          taken++;
          if (taken === count) resolve();
          else if (sent < count) send();
        };
        endpoint.cork();
        while (sent < Math.min(inFlight, count)) send();
        endpoint.uncork();
      }),
    ask: () => new Promise((resolve) => endpoint.submit(question, () => resolve())),
    async askAll(count) {
      const times = new Float64Array(count);
      let start = performance.now();
      await repeat([question], count, (index) => {
        const end = performance.now();
        times[index] = (end - start) * 1000;
        start = end;
      });
      return times;
    },
    askPolled(count) {
      const times = new Float64Array(count);
      for (let index = 0; index < count; index++) {
        const start = performance.now();
        endpoint.callPolled(question, TIMEOUT);
        times[index] = (performance.now() - start) * 1000;
      }
      return times;
    },
    async bulk(bytes, count) {
      // What is more than an extent goes in parts.
      const size = Math.min(bytes, 2 ** MAX_ORDER * PAGE_SIZE);
      const { reference, end } = await bulk.lend(size);
      const transactions = Array.from({ length: DEPTH }, () => endpoint.transaction());
      for (const transaction of transactions) {
        const { parameters } = transaction;
        new DataView(parameters.buffer, parameters.byteOffset).setUint32(0, size);
        parameters.set(reference, LENGTH_BYTES);
        transaction.parametersLength = LENGTH_BYTES + reference.length;
      }
      const time = await timeOf(() => repeat(transactions, (count * bytes) / size, () => {}));
      await end();
      return time;
    },
  };
}
