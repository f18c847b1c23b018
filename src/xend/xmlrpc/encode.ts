// SPDX-License-Identifier: Apache-2.0
import type { XmlRpcFault, XmlRpcValue } from './contract.ts';
import { UNSPEAKABLE } from './xml.ts';

const DECLARATION = "<?xml version='1.0'?>\n";
const MARKS: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '\r': '&#13;' };
const ALL_UNSPEAKABLE = new RegExp(UNSPEAKABLE, 'gu');

/** A `<methodResponse>` with a result. Characters that XML cannot hold become `\x1b` and the like. */
export function encodeResult(value: XmlRpcValue): string {
  return `${DECLARATION}<methodResponse><params><param>${encode(value)}</param></params></methodResponse>\n`;
}

/** A `<methodResponse>` with a fault. */
export function encodeFault({ faultCode, faultString }: XmlRpcFault): string {
  const fault = encode({ faultCode, faultString });
  return `${DECLARATION}<methodResponse><fault>${fault}</fault></methodResponse>\n`;
}

function encode(value: XmlRpcValue): string {
  return `<value>${typed(value)}</value>`;
}

function typed(value: XmlRpcValue): string {
  if (value === null) return '<nil/>';
  if (typeof value === 'string') return `<string>${escaped(value)}</string>`;
  if (typeof value === 'boolean') return `<boolean>${value ? 1 : 0}</boolean>`;
  if (typeof value === 'bigint') return `<i8>${value}</i8>`;
  if (typeof value === 'number') return number(value);
  if (value instanceof Date) return `<dateTime.iso8601>${dateTime(value)}</dateTime.iso8601>`;
  if (value instanceof Uint8Array) return `<base64>${Buffer.from(value).toString('base64')}</base64>`;
  if (isList(value)) return `<array><data>${value.map(encode).join('')}</data></array>`;
  const member = ([name, item]: readonly [string, XmlRpcValue]) =>
    `<member><name>${escaped(name)}</name>${encode(item)}</member>`;
  return `<struct>${Object.entries(value).map(member).join('')}</struct>`;
}

/** `Array.isArray` does not see read-only ones. */
function isList(value: XmlRpcValue): value is readonly XmlRpcValue[] {
  return Array.isArray(value);
}

function number(value: number): string {
  if (!Number.isSafeInteger(value)) return `<double>${value}</double>`;
  return value === (value | 0) ? `<int>${value}</int>` : `<i8>${value}</i8>`;
}

/** `20261121T09:54:41`, in UTC. */
function dateTime(date: Date): string {
  return date.toISOString().slice(0, 19).replaceAll('-', '');
}

function escaped(text: string): string {
  return text
    .replace(ALL_UNSPEAKABLE, (character) => {
      const code = character.codePointAt(0) ?? 0;
      return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
    })
    .replace(/[<>&\r]/g, (mark) => MARKS[mark] ?? mark);
}
