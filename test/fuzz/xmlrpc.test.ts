// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { XmError } from '../../src/errors.ts';
import type { XmlRpcValue } from '../../src/xend/xmlrpc/contract.ts';
import { decodeCall } from '../../src/xend/xmlrpc/decode.ts';
import { encodeResult } from '../../src/xend/xmlrpc/encode.ts';
import { UNSPEAKABLE } from '../../src/xend/xmlrpc/xml.ts';
import { decodeValue, xmlCall } from '../support/xmlrpc.ts';

const text = fc.string({ unit: 'binary' }).filter((value) => !UNSPEAKABLE.test(value));
const second = fc.integer({ min: 0, max: 4_000_000_000 }).map((value) => new Date(value * 1000));
const { value: anyValue } = fc.letrec<{ value: XmlRpcValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
    text,
    second,
    fc.uint8Array(),
    fc.array(tie('value')),
    fc.dictionary(text, tie('value')),
  ),
}));

/** What stands in the `<value>` of an encoded result. */
function written(value: XmlRpcValue): string {
  return /<param><value>(.*)<\/value><\/param>/s.exec(encodeResult(value))?.[1] ?? '';
}

test('what is written is read back', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      expect(decodeValue(written(value))).toEqual(value);
    }),
  );
});

test('every text is written so that it can be read', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (value) => typeof decodeValue(written(value)) === 'string'));
});

test('a call that was damaged is read, or refused with a place', () => {
  const damage = fc.array(
    fc.record({
      at: fc.nat(),
      drop: fc.nat(20),
      put: fc.constantFrom('', '<', '>', '&', '</value>', '<value>', '<!--', ']]>', 'x'),
    }),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  fc.assert(
    fc.property(anyValue, damage, (value, cuts) => {
      let call = xmlCall('m', written(value));
      for (const { at, drop, put } of cuts) {
        const from = at % call.length;
        call = call.slice(0, from) + put + call.slice(from + drop);
      }
      try {
        decodeCall(call);
      } catch (error) {
        expect(error).toBeInstanceOf(XmError);
        expect((error as XmError).message).toMatch(/at character \d+, /);
      }
    }),
  );
});
