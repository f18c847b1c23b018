// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import {
  createRingMemory,
  LOCK,
  RING_HEADER,
  receiveIndex,
  sendIndex,
  setReceiveIndex,
} from '../../../src/hv/argo-memory.ts';
import { createArgoSender } from '../../../src/hv/argo-send.ts';
import { createFrames } from '../../../src/hv/frames.ts';
import { FREE, LOCK as POOL_LOCK } from '../../../src/hv/frames-lock.ts';
import { openFramePool } from '../../../src/hv/frames-pool.ts';
import { saveFrames } from '../../../src/hv/frames-vector.ts';
import { createDomainMemory } from '../../../src/hv/memory.ts';
import { MACHINE_MEMORY } from '../../support/hv-machine.ts';
import { forgetCode, withLittleStack } from '../../support/stack.ts';

/** Frames left: too few for anything, for running what is compiled, for compiling something; in the end for everything. */
const DEPTHS = [2, 5, 10, 20, 40, 80, 120, 160, 200, 250, 300, 400, 500, 700, 1000, 2000];

/**
 * Does `work` at all depths, once with functions compiled as far as `before` does that, once more with all of them compiled.
 *
 * @param free looks whether others wait for nothing
 */
function atAllDepths(before: () => void, work: () => void, free: () => void): void {
  let done = 0;
  let failed = 0;
  function at(frames: number): void {
    try {
      withLittleStack(frames, work);
      done++;
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
      failed++;
    }
    free();
  }
  for (const frames of DEPTHS) {
    forgetCode();
    before();
    at(frames);
  }
  for (let frames = 1; frames < 60; frames++) at(frames);
  expect([done > 0, failed > 0]).toEqual([true, true]);
}

describe('a domain that calls in with a stack that is all but full', () => {
  test('leaves no ring of another domain locked', () => {
    const memory = createRingMemory(new SharedArrayBuffer(RING_HEADER + 4096));
    const { control } = memory;
    const sender = createArgoSender(2, false);
    const pieces = [new Uint8Array(100), new Uint8Array(100)];
    function send(): void {
      sender.gather(pieces);
      const length = sender.measure();
      if (typeof length === 'number') sender.transmit(memory, 0, 0, 5, length);
    }
    atAllDepths(
      () => {
        // By somebody else: it is tried in vain.
        control[LOCK] = 99;
        send();
        control[LOCK] = 0;
      },
      send,
      () => {
        expect(control[LOCK]).toBe(0);
        // Whole or not there.
        const length = (sendIndex(memory) - receiveIndex(memory) + memory.length) % memory.length;
        expect([0, 224]).toContain(length);
        setReceiveIndex(memory, sendIndex(memory));
      },
    );
  });

  test('leaves no pool of hidden pages locked', () => {
    const frames = createFrames(MACHINE_MEMORY);
    const door = frames.createPool({ domid: 1, memory: createDomainMemory(64) }, 64);
    const vector = openFramePool(door).alloc(4)!;
    const { words } = door;
    const bytes = new Uint8Array(4096).fill(7);
    const save = (): void => saveFrames(vector, 0, bytes);
    atAllDepths(
      () => {
        // As the pool of a dead domain is.
        words[POOL_LOCK] = -1;
        expect(save).toThrow();
        words[POOL_LOCK] = FREE;
      },
      save,
      () => expect(words[POOL_LOCK]).toBe(FREE),
    );
    save();
    expect(frames.check()).toEqual([]);
  });
});
