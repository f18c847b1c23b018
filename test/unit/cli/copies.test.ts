// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createCopies } from '../../../src/cli/copies.ts';
import { doSeveral } from '../../../src/cli/several.ts';
import { XmError } from '../../../src/errors.ts';
import type { XendClient } from '../../../src/xend/client.ts';
import type { DomainInfo } from '../../../src/xend/contract.ts';

const config = { text: '(vm (name web))', file: 'web.sxp', directory: '/', paused: false };

function info(name: string, domid: number): DomainInfo {
  return { domid, name, uuid: '', memory: 16, vcpus: 1, state: '-b----', cpuTime: 0, startTime: 0, uptime: 0 };
}

/** Creates copies of which those with a number above `fits` fail. */
function copies(count: number, fits = count) {
  const call: XendClient['call'] = async (_method, params) => {
    await null;
    const { number = 0 } = params as { readonly number?: number };
    if (number > fits) throw new XmError('EMEMORY', 'no memory is left');
    return { domains: [info(`web-${number}`, number)], report: '' } as never;
  };
  return createCopies({ call }, config, count, true);
}

test('all, in the order of their numbers', async () => {
  expect((await copies(25)).map(({ name }) => name)).toEqual(
    Array.from({ length: 25 }, (_, index) => `web-${index + 1}`),
  );
});

test('as many as fit, and how to end them', async () => {
  await expect(copies(100, 11)).rejects.toMatchObject({
    code: 'EMEMORY',
    message: '11 of 100 copies started; number 12 did not: no memory is left',
    hint: `those that started stay; 'xm destroy "web-*"' ends them`,
  });
});

test('none', async () => {
  const made = copies(100, 0);
  await expect(made).rejects.toThrow('0 of 100 copies started; number 1 did not: no memory is left');
  await made.catch((error) => expect(error.hint).toBeUndefined());
});

test('only some are under way at a time, and none begins after a failure', async () => {
  let underway = 0;
  let most = 0;
  const begun: number[] = [];
  const { done, failed } = await doSeveral(
    Array.from({ length: 50 }, (_, index) => index),
    async (index) => {
      begun.push(index);
      most = Math.max(most, ++underway);
      await new Promise((next) => setImmediate(next));
      underway--;
      if (index === 20) throw new Error('the twentieth');
      return index;
    },
  );
  expect(most).toBe(8);
  expect(failed).toMatchObject({ item: 20, error: { message: 'the twentieth' } });
  expect(begun.length).toBeLessThan(30);
  expect(done).toEqual(begun.filter((index) => index !== 20));
});

test('of several that fail the first in order is told of, though another one failed before it', async () => {
  const { failed } = await doSeveral([30, 20, 1], async (time) => {
    await delay(time);
    if (time !== 30) throw new Error(`after ${time}`);
  });
  expect(failed).toMatchObject({ item: 20, error: { message: 'after 20' } });
});
