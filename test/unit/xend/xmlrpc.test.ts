// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import type { XmlRpcValue } from '../../../src/xend/xmlrpc/contract.ts';
import { decodeCall } from '../../../src/xend/xmlrpc/decode.ts';
import { encodeFault, encodeResult } from '../../../src/xend/xmlrpc/encode.ts';
import { decodeValue, xmlCall } from '../../support/xmlrpc.ts';

describe('a value', () => {
  test.each<[string, XmlRpcValue]>([
    ['plain', 'plain'],
    ['', ''],
    ['  kept  ', '  kept  '],
    ['<string/>', ''],
    ['<string> a &lt;&#65;&#x1F600;&gt; &amp;&quot;&apos; </string>', ' a <A😀> &"\' '],
    ['<string><![CDATA[<b>&amp;]]> and<!-- not --> this</string>', '<b>&amp; and this'],
    ['<string>a\r\nb&#13;</string>', 'a\nb\r'],
    ['<int>-7</int>', -7],
    ['<i4>+2147483647</i4>', 2147483647],
    ['<i8>9007199254740991</i8>', Number.MAX_SAFE_INTEGER],
    ['<i8>-9223372036854775808</i8>', -(2n ** 63n)],
    ['<boolean>1</boolean>', true],
    ['<boolean>0</boolean>', false],
    ['<double>-.5</double>', -0.5],
    ['<double>1e3</double>', 1000],
    ['<dateTime.iso8601>20261121T09:54:41</dateTime.iso8601>', new Date('2026-11-21T09:54:41Z')],
    ['<base64>\nAP8=\n</base64>', Uint8Array.of(0, 255)],
    ['<nil/>', null],
    ['<nil></nil>', null],
    ['\n <array> <data>\n<value><int>1</int></value> <value>b</value></data>\n</array>\n', [1, 'b']],
    ['<array><data/></array>', []],
    ['<struct><member><name>a</name><value>1</value></member></struct>', { a: '1' }],
    ['<struct/>', {}],
  ])('%j is read', (xml, value) => expect(decodeValue(xml)).toEqual(value));

  test('a member may have any name and harms nothing', () => {
    const value = decodeValue('<struct><member><name>__proto__</name><value>x</value></member></struct>');
    expect(Object.entries(value as object)).toEqual([['__proto__', 'x']]);
  });

  test.each([
    '<int>2147483648</int>',
    '<int></int>',
    '<int> 1</int>',
    '<int>1.0</int>',
    '<i8>9223372036854775808</i8>',
    `<i8>${'9'.repeat(100_000)}</i8>`,
    '<boolean>true</boolean>',
    '<double>nan</double>',
    '<double>1,5</double>',
    '<dateTime.iso8601>20260631T00:00:00</dateTime.iso8601>',
    '<dateTime.iso8601>yesterday</dateTime.iso8601>',
    '<base64>A</base64>',
    '<nil>x</nil>',
    '<float>1</float>',
    '<toString>1</toString>',
    '<int>1</i4>',
    '<int>1</int><int>2</int>',
    'x<int>1</int>',
    '<int>1</int>x',
    '<array><value>1</value></array>',
    '<array><data>x</data></array>',
    '<struct><member><value>1</value></member></struct>',
    '<struct><member><name>a</name></member></struct>',
    '<struct><member><name>a</name><value/></member><member><name>a</name><value/></member></struct>',
    '<string>&nbsp;</string>',
    '<string>&toString;</string>',
    '<string>&</string>',
    '<string>&#0;</string>',
    '<string>&#xD800;</string>',
    '<string>&#x110000;</string>',
    '<string>\u0000</string>',
    '<string>\ufffe</string>',
    '<string a="b">x</string>',
    '<string><![CDATA[x</string>',
    '<!-- x',
    '<int/ >',
    '</int/>',
  ])('%j is refused with a place', (xml) => {
    expect(() => decodeValue(xml)).toThrow(/^The request is not XML-RPC: at character \d+, [^\n]{5,80}$/);
  });

  test('as many levels as there may be are read, and not one more', () => {
    const nested = (levels: number) => '<array><data><value>'.repeat(levels) + '</value></data></array>'.repeat(levels);
    expect(JSON.stringify(decodeValue(nested(64)))).toContain('[""]');
    expect(() => decodeValue(nested(65))).toThrow('there are more than 64 levels');
    expect(() => decodeValue(nested(150_000))).toThrow('there are more than 64 levels');
  });
});

describe('a call', () => {
  test.each([
    ["<?xml version='1.0'?>\n<methodCall>\n<methodName>a.b</methodName>\n<params>\n</params>\n</methodCall>\n", []],
    ['\ufeff<methodCall><methodName>a.b</methodName></methodCall>', []],
    ['\ufeff<?xml version="1.0" encoding="UTF-8"?><methodCall><methodName>a.b</methodName></methodCall>', []],
    ['<methodCall ><methodName> a.b </methodName><params><param><value>x</value></param></params></methodCall>', ['x']],
  ])('%j', (text, params) => expect(decodeCall(text)).toEqual({ method: 'a.b', params }));

  test.each([
    '',
    'hello',
    '<methodCall>',
    '<methodCall><methodName></methodName></methodCall>',
    '<methodCall><methodName>a b</methodName></methodCall>',
    '<methodCall><methodName>a</methodName></methodCall><methodCall/>',
    '<methodCall><params/><methodName>a</methodName></methodCall>',
    '<methodResponse><params/></methodResponse>',
    '<?xml version="1.0" encoding="UTF-16"?><methodCall><methodName>a</methodName></methodCall>',
    '<?xml version="1.0"?><?php x?><methodCall><methodName>a</methodName></methodCall>',
    '<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><methodCall><methodName>&b;</methodName></methodCall>',
    '<!DOCTYPE m SYSTEM "file:///etc/passwd"><methodCall><methodName>a</methodName></methodCall>',
  ])('%j is refused', (text) =>
    expect(() => decodeCall(text)).toThrow(/^The request is not XML-RPC: at character \d+, /),
  );
});

describe('an answer', () => {
  test.each<[XmlRpcValue, string]>([
    [null, '<nil/>'],
    ['a<b>&\r\n', '<string>a&lt;b&gt;&amp;&#13;\n</string>'],
    ['\x1b[0m\0\ud800', '<string>\\x1b[0m\\x00\\ud800</string>'],
    [2 ** 31, '<i8>2147483648</i8>'],
    [-(2 ** 31), '<int>-2147483648</int>'],
    [1.5, '<double>1.5</double>'],
    [
      [['domid', 0]],
      '<array><data><value><array><data><value><string>domid</string></value><value><int>0</int></value></data></array></value></data></array>',
    ],
  ])('%j', (value, xml) => expect(encodeResult(value)).toContain(`<param><value>${xml}</value></param>`));

  test('a fault', () => {
    expect(encodeFault({ faultCode: 3, faultString: '<web>' })).toBe(
      "<?xml version='1.0'?>\n<methodResponse><fault><value><struct>" +
        '<member><name>faultCode</name><value><int>3</int></value></member>' +
        '<member><name>faultString</name><value><string>&lt;web&gt;</string></value></member>' +
        '</struct></value></fault></methodResponse>\n',
    );
  });
});

test('a hundred thousand values are read', () => {
  const call = xmlCall('a', `<array><data>${'<value><i4>1</i4></value>'.repeat(100_000)}</data></array>`);
  expect(decodeCall(call).params[0]).toHaveLength(100_000);
});
