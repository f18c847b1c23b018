// SPDX-License-Identifier: Apache-2.0
import { MAX_PAYLOAD } from './contract.ts';

/** Message types of the wire protocol (spec/primitives.md, table 1.1). */
export const XS = {
  control: 0,
  directory: 1,
  read: 2,
  getPerms: 3,
  watch: 4,
  unwatch: 5,
  transactionStart: 6,
  transactionEnd: 7,
  introduce: 8,
  release: 9,
  getDomainPath: 10,
  write: 11,
  mkdir: 12,
  rm: 13,
  setPerms: 14,
  watchEvent: 15,
  error: 16,
  isDomainIntroduced: 17,
  resume: 18,
  setTarget: 19,
  resetWatches: 21,
  directoryPart: 22,
  getFeature: 23,
  setFeature: 24,
  getQuota: 25,
  setQuota: 26,
} as const;

/** A header is four little-endian u32: type, request id, transaction id, length of the payload. */
export const HEADER_BYTES = 16;
/** Longest message. */
export const MESSAGE_BYTES = HEADER_BYTES + MAX_PAYLOAD;

const NO_BYTES: Buffer = Buffer.alloc(0);

/** Finds messages in a stream of bytes that may be cut anywhere. */
export interface WireInput {
  /** Appends the first `length` bytes; they must not change until a step says 'none', which copies what is left of them. */
  push(bytes: Buffer, length?: number): void;
  /**
   * Steps to the next message, whose header and place in `bytes` are then the fields below.
   * @returns 'none' when its end has not come yet; 'too-long' when it can never be read: the stream is lost
   */
  next(): 'message' | 'none' | 'too-long';
  readonly bytes: Buffer;
  readonly type: number;
  readonly requestId: number;
  readonly tx: number;
  /** Where the payload begins and ends in `bytes`. */
  readonly start: number;
  readonly end: number;
}

/** An input without bytes. */
export function createWireInput(): WireInput {
  /** How many of the bytes there are. */
  let filled = 0;

  function none(): 'none' {
    input.bytes = input.end === filled ? NO_BYTES : Buffer.from(input.bytes.subarray(input.end, filled));
    filled = input.bytes.length;
    input.end = 0;
    return 'none';
  }

  const input = {
    bytes: NO_BYTES,
    type: 0,
    requestId: 0,
    tx: 0,
    start: 0,
    end: 0,
    push(more: Buffer, length = more.length) {
      const whole = input.end === filled;
      input.bytes = whole ? more : Buffer.concat([input.bytes.subarray(input.end, filled), more.subarray(0, length)]);
      filled = whole ? length : input.bytes.length;
      input.end = 0;
    },
    next() {
      const { bytes, end: at } = input;
      if (filled - at < HEADER_BYTES) return none();
      const length = bytes.readUInt32LE(at + 12);
      if (length > MAX_PAYLOAD) return 'too-long';
      const start = at + HEADER_BYTES;
      if (filled - start < length) return none();
      input.type = bytes.readUInt32LE(at);
      input.requestId = bytes.readUInt32LE(at + 4);
      input.tx = bytes.readUInt32LE(at + 8);
      input.start = start;
      input.end = start + length;
      return 'message';
    },
  } satisfies WireInput;
  return input;
}

/** Bytes on their way to a peer, collected so that they leave in as few writes as possible. */
export interface WireOutput {
  /** Bytes that wait. */
  readonly size: number;
  /** Appends a message whose payload, a binary string, is at most `MAX_PAYLOAD` long. */
  message(type: number, requestId: number, tx: number, payload: string): void;
  /** Appends a watch event. */
  event(path: string, token: string): void;
  /** Hands what waits to `send`, which copies what it keeps of the first `length` bytes. */
  flush(send: (bytes: Buffer, length: number) => void): void;
}

const FIRST_CAPACITY = 512;
/** Short texts are copied faster here than by a call into C++. */
const SHORT = 24;

/** An output without bytes. */
export function createWireOutput(): WireOutput {
  let bytes = NO_BYTES;
  let size = 0;

  function grow(needed: number): void {
    let capacity = Math.max(bytes.length, FIRST_CAPACITY);
    while (capacity < size + needed) capacity *= 2;
    if (capacity === bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(capacity);
    bytes.copy(larger, 0, 0, size);
    bytes = larger;
  }

  function header(type: number, requestId: number, tx: number, length: number): void {
    grow(HEADER_BYTES + length);
    bytes.writeUInt32LE(type, size);
    bytes.writeUInt32LE(requestId, size + 4);
    bytes.writeUInt32LE(tx, size + 8);
    bytes.writeUInt32LE(length, size + 12);
    size += HEADER_BYTES;
  }

  function text(value: string): void {
    if (value.length > SHORT) bytes.write(value, size, 'latin1');
    else for (let i = 0; i < value.length; i++) bytes[size + i] = value.charCodeAt(i);
    size += value.length;
  }

  return {
    get size() {
      return size;
    },
    message(type, requestId, tx, payload) {
      header(type, requestId, tx, payload.length);
      text(payload);
    },
    event(path, token) {
      header(XS.watchEvent, 0, 0, path.length + token.length + 2);
      text(path);
      bytes[size++] = 0;
      text(token);
      bytes[size++] = 0;
    },
    flush(send) {
      const waiting = bytes;
      const length = size;
      size = 0;
      if (bytes.length > MESSAGE_BYTES * 2) bytes = NO_BYTES;
      send(waiting, length);
    },
  };
}
