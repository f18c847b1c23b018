// SPDX-License-Identifier: Apache-2.0
import { REFERENCE_BYTES } from '../../hv/lending-contract.ts';
import type { Quotas } from '../../idc/contract.ts';
import { BLK_OP, SECTOR_SIZE } from './contract.ts';

/** Limits of a disk's connection, named by both ends. */
export const VBD_QUOTAS: Quotas = { inFlight: 32, bodyBytes: 64, registrations: 0 };

/** Those of the front end, which lends memory: twice what it needs at once, as its last connection may not have let go. */
export const FRONT_QUOTAS: Quotas = { ...VBD_QUOTAS, registrations: 2 * VBD_QUOTAS.inFlight };

/** Bytes that the front end lends for a connection. */
export const POOL_BYTES = 2 * 1024 * 1024;

/** Sectors of one read or write at most (256 KiB): long enough that a request costs little beside its data. */
export const MAX_REQUEST_SECTORS = POOL_BYTES / 8 / SECTOR_SIZE;
/** Sectors of one discard at most (16 MiB), so that a back end which writes zeros is done soon. */
export const MAX_DISCARD_SECTORS = 32768;

// Offsets in the parameters of a request. Numbers are little-endian.
const OP = 0;
const COUNT = 4;
const SECTOR = 8;
/** Where the reference to the data is, in requests that have data. */
export const REFERENCE_AT = 16;
/** Bytes of a request without data. */
export const PLAIN_BYTES = 16;
/** Bytes of a request with data. */
export const DATA_BYTES = REFERENCE_AT + REFERENCE_BYTES;

/** Fills in a request, except its reference. @param op a `BLK_OP` @param count sectors */
export function putRequest(parameters: Uint8Array, op: number, sector: number, count: number): void {
  put32(parameters, OP, op);
  put32(parameters, COUNT, count);
  put64(parameters, SECTOR, sector);
}

/** The operation of a received request, any byte. */
export const opOf = (parameters: Uint8Array): number => parameters[OP]!;
/** The number of sectors of a received request, any 32-bit number. */
export const countOf = (parameters: Uint8Array): number => get32(parameters, COUNT);
/** The first sector of a received request; beyond 2^53 rounded, hence still beyond any disk. */
export const sectorOf = (parameters: Uint8Array): number => get64(parameters, SECTOR);

/** What a request asks for, e.g. `read 8 sectors at 1024`. */
export function describeRequest(parameters: Uint8Array): string {
  if (parameters.length < PLAIN_BYTES) return `${parameters.length} bytes, which are no request`;
  const op = opOf(parameters);
  const name = Object.entries(BLK_OP).find(([, number]) => number === op)?.[0] ?? `operation ${op}`;
  const count = countOf(parameters);
  return count === 0 ? name : `${name} ${count} sectors at ${sectorOf(parameters)}`;
}

/** What the back end says of the disk. */
export interface BlockInfo {
  readonly sectors: number;
  readonly readonly: boolean;
  /** Sectors of a read or write that the back end takes at once. */
  readonly maxSectors: number;
}

const READONLY_FLAG = 1;
const INFO_BYTES = 20;

/** Fills in the answer to `info`. @returns its length */
export function putInfo(status: Uint8Array, { sectors, readonly, maxSectors }: BlockInfo): number {
  put64(status, 0, sectors);
  put32(status, 8, SECTOR_SIZE);
  put32(status, 12, readonly ? READONLY_FLAG : 0);
  put32(status, 16, maxSectors);
  return INFO_BYTES;
}

/** Reads the answer to `info`; undefined when it describes no disk. */
export function getInfo(status: Uint8Array): BlockInfo | undefined {
  if (status.length < INFO_BYTES) return undefined;
  const sectors = get64(status, 0);
  const maxSectors = get32(status, 16);
  const possible = sectors > 0 && Number.isSafeInteger(sectors * SECTOR_SIZE) && maxSectors > 0;
  if (!possible || get32(status, 8) !== SECTOR_SIZE) return undefined;
  return { sectors, maxSectors, readonly: (get32(status, 12) & READONLY_FLAG) !== 0 };
}

// By bytes: parameters need no alignment, and it costs no view for each request.
function put32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function get32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

function put64(bytes: Uint8Array, at: number, value: number): void {
  put32(bytes, at, value >>> 0);
  put32(bytes, at + 4, Math.floor(value / 2 ** 32));
}

function get64(bytes: Uint8Array, at: number): number {
  return get32(bytes, at + 4) * 2 ** 32 + get32(bytes, at);
}
