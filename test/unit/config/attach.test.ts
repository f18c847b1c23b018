// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { readDevice } from '../../../src/config/attach.ts';
import { XmError } from '../../../src/errors.ts';
import { options } from './classes.ts';

function failure(className: string, pairs: Record<string, string>): XmError {
  try {
    readDevice(className, pairs, options);
  } catch (error) {
    if (error instanceof XmError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

test('a device by the rules of its class', () => {
  expect(readDevice('block', { uname: 'file:x.img', dev: 'xvdb', bootable: '1' }, options)).toEqual({
    class: 'vbd',
    config: { uname: 'file:/srv/vm/x.img', dev: 'xvdb', mode: 'r', bootable: true, backend: '0' },
  });
});

test('one problem is the message, its hint the hint', () => {
  expect(failure('vbd', { dev: 'xvda', mdoe: 'w' })).toMatchObject({
    code: 'ECONFIG',
    exit: 1,
    message: "vbd: unknown field 'mdoe'",
    hint: "did you mean 'mode'?",
  });
  expect(failure('vdb', {})).toMatchObject({ message: "unknown device class 'vdb'", hint: "did you mean 'vbd'?" });
  expect(failure('console', {}).message).toBe('console cannot be configured: every domain has one');
});

test('several problems are listed', () => {
  expect(failure('vbd', { mdoe: 'w', bootable: 'x' }).message).toBe(`this vbd device has 3 errors:
  vbd: unknown field 'mdoe' (did you mean 'mode'?)
  vbd: missing field 'dev' (Name in the domain.)
  vbd: bootable must be yes or no, not 'x'`);
});

test('names of built-in properties are no keys', () => {
  expect(failure('vif', { constructor: 'x' }).message).toBe("vif: unknown field 'constructor'");
});
