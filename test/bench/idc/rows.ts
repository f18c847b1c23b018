// SPDX-License-Identifier: Apache-2.0
import type { Target } from '../report.ts';
import type { Column, Shape } from './columns.ts';
import type { Task } from './end.ts';

/** What one column is to be in proportion to another, the more the better or the less the better as the metric is. */
export interface Ratio {
  readonly of: Column;
  readonly to: Column;
  readonly target: Target;
}

/** A row of the table. */
export interface Row {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly task: (column: Column) => Task;
  /** What is made of the samples of all rounds: quantiles. Ratios are of the first. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly unit: string;
  /** From a sample, in microseconds or bytes, to the unit. */
  readonly value: (sample: number) => number;
  /** What every column's first metric is to be. */
  readonly bound?: Target;
  readonly ratios: readonly Ratio[];
  /** Rounds that count, and rounds before them that compile the code. */
  readonly rounds: number;
  readonly warmUp: number;
}

/** Rows that the same peers are measured for. */
export interface Group {
  readonly shape: Shape;
  readonly rows: readonly Row[];
}

const MiB = 1024 * 1024;
/** As many as one extent has. */
const POOL_BYTES = 16 * MiB;
const TURNS = { rounds: 9, warmUp: 2 };
const LATENCY = { metrics: { p50: 0.5, p99: 0.99, 'p99.9': 0.999 }, unit: 'us', value: (us: number) => us };

/** Columns that lend; argo does not. */
const RINGS: readonly Column[] = ['ring', 'ring, 100 idle'];
const BARE: readonly Column[] = ['bare spin', 'bare wait', 'bare waitAsync'];
const PORTS: readonly Column[] = ['MessagePort', 'MessagePort transfer'];
const ALL: readonly Column[] = [...RINGS, 'argo', 'loopback', ...PORTS, 'Comlink', 'unix socket', ...BARE, 'C'];

/** Messages of one measurement, so that it takes some tens of milliseconds. */
const MESSAGES: Partial<Record<Column, number>> = {
  MessagePort: 50_000,
  'MessagePort transfer': 20_000,
  Comlink: 10_000,
  'unix socket': 50_000,
  C: 1_000_000,
};

const AT_LEAST = (value: number): Target => ({ is: '>=', value });
const AT_MOST = (value: number): Target => ({ is: '<=', value });

function messages(size: string, ratios: readonly Ratio[]): Row {
  return {
    title: `message one way, ${size}`,
    columns: ALL,
    task: (column) => ({ task: 'stream', count: MESSAGES[column] ?? 200_000 }),
    metrics: { rate: 0.5 },
    unit: 'million/s',
    value: (us) => 1 / us,
    ratios,
    ...TURNS,
  };
}

function bulk(size: string, bytes: number, ratios: readonly Ratio[] = []): Row {
  return {
    title: `bulk of ${size}`,
    columns: [...RINGS, 'remote buffer', 'loopback', ...PORTS, 'unix socket', 'Uint8Array.set', 'shared pages'],
    task(column) {
      // Sharing takes microseconds: as many as are worth measuring.
      const volume = (column === 'shared pages' ? 50 : 1) * 512 * MiB;
      return { task: 'bulk', bytes, count: Math.max(2, volume / bytes) };
    },
    metrics: { throughput: 0.5 },
    unit: 'GB/s',
    value: (us) => bytes / 1000 / us,
    ratios,
    ...TURNS,
  };
}

export const GROUPS: readonly Group[] = [
  {
    shape: { messageBytes: 64, bulkBytes: 0 },
    rows: [
      messages('64 B', [
        { of: 'ring', to: 'MessagePort', target: AT_LEAST(8) },
        { of: 'ring', to: 'bare wait', target: AT_LEAST(0.4) },
        { of: 'ring, 100 idle', to: 'ring', target: AT_LEAST(0.9) },
      ]),
      {
        title: 'round trip, 64 B, active',
        columns: ALL,
        task: () => ({ task: 'active', count: 2000 }),
        ...LATENCY,
        ratios: [
          { of: 'ring', to: 'MessagePort', target: AT_MOST(0.35) },
          { of: 'ring, 100 idle', to: 'ring', target: AT_MOST(1.1) },
        ],
        ...TURNS,
      },
      {
        title: 'round trip, 64 B, polled',
        columns: [...RINGS, 'argo', 'bare spin', 'C'],
        task: () => ({ task: 'polled', count: 5000 }),
        ...LATENCY,
        ratios: [
          { of: 'ring', to: 'bare spin', target: AT_MOST(3) },
          { of: 'ring, 100 idle', to: 'ring', target: AT_MOST(1.1) },
        ],
        ...TURNS,
      },
      {
        title: 'round trip, 64 B, idle',
        columns: [...RINGS, 'argo', 'loopback', ...PORTS, 'Comlink', 'unix socket', 'bare wait', 'bare waitAsync', 'C'],
        task: () => ({ task: 'idle', count: 60, pause: 2 }),
        ...LATENCY,
        ratios: [
          { of: 'ring', to: 'bare waitAsync', target: AT_MOST(1.3) },
          { of: 'ring, 100 idle', to: 'ring', target: AT_MOST(1.1) },
        ],
        rounds: 17,
        warmUp: 2,
      },
      {
        title: 'heap after 10 million messages',
        columns: ['ring', 'argo', 'loopback'],
        task: () => ({ task: 'heap', count: 10_000_000 }),
        metrics: { growth: 0.5 },
        unit: 'KiB',
        value: (bytes) => bytes / 1024,
        // A tenth of a byte for each: what the compiler keeps, and no object.
        bound: AT_MOST(1000),
        ratios: [],
        rounds: 3,
        warmUp: 1,
      },
    ],
  },
  { shape: { messageBytes: 512, bulkBytes: 0 }, rows: [messages('512 B', [])] },
  { shape: { messageBytes: 4096, bulkBytes: 0 }, rows: [messages('4 KiB', [])] },
  {
    shape: { messageBytes: 64, bulkBytes: POOL_BYTES },
    rows: [
      bulk('64 KiB', MiB / 16),
      bulk('1 MiB', MiB, [
        { of: 'ring', to: 'Uint8Array.set', target: AT_LEAST(0.8) },
        { of: 'remote buffer', to: 'Uint8Array.set', target: AT_LEAST(0.8) },
        { of: 'shared pages', to: 'ring', target: AT_LEAST(50) },
        { of: 'ring, 100 idle', to: 'ring', target: AT_LEAST(0.9) },
      ]),
      bulk('64 MiB', 64 * MiB),
    ],
  },
];
