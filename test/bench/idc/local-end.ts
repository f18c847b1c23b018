// SPDX-License-Identifier: Apache-2.0
import { type FrameVector, PAGE_SIZE } from '../../../src/hv/contract.ts';
import { createFrames } from '../../../src/hv/frames.ts';
import { openFramePool } from '../../../src/hv/frames-pool.ts';
import { createDomainMemory } from '../../../src/hv/memory.ts';
import type { LocalBuffer } from '../../../src/idc/buffers/contract.ts';
import { createStandardBuffers } from '../../../src/idc/buffers/standard.ts';
import { type DrivingEnd, timeOf } from './end.ts';

/** What a copy costs by itself: from shared to private memory. */
export function driveSet(): DrivingEnd {
  let source: Uint8Array = new Uint8Array(0);
  let target = new Uint8Array(0);
  return {
    bulk(bytes, count) {
      if (source.length !== bytes) {
        source = new Uint8Array(new SharedArrayBuffer(bytes)).fill(1);
        target = new Uint8Array(bytes);
      }
      return timeOf(() => {
        for (let number = 0; number < count; number++) target.set(source);
      });
    },
  };
}

/** Hidden pages that are shared, copy on write. Two sources in turns, as to share again what is shared already is nothing. */
export function drivePages(): DrivingEnd {
  const { types, bytes: memory, pages } = createStandardBuffers();
  const frames = createFrames();
  return {
    async bulk(bytes, count) {
      const quota = (3 * bytes) / PAGE_SIZE;
      const domain = { domid: 1, memory: createDomainMemory(quota) };
      const pool = pages.pool(openFramePool(frames.createPool(domain, quota)));
      const content = memory.of(new Uint8Array(bytes).fill(1));
      const make = (): LocalBuffer<FrameVector> => {
        const buffer = pool.alloc(bytes)!;
        types.copy(content, buffer, complete);
        return buffer;
      };
      const sources = [make(), make()] as const;
      const target = make();
      const time = await timeOf(() => {
        for (let number = 0; number < count; number++) types.copy(sources[number & 1]!, target, complete);
      });
      for (const buffer of [...sources, target]) pool.free(buffer);
      return time;
    },
  };
}

function complete(error: unknown): void {
  if (error !== undefined && error !== null) throw error;
}
