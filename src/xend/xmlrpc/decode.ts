// SPDX-License-Identifier: Apache-2.0
import type { XmlRpcCall, XmlRpcValue } from './contract.ts';
import { badXml, type XmlReader, xmlReader } from './xml.ts';

/** Arrays and structs within each other. */
const MAX_DEPTH = 64;
const METHOD_NAME = /^[\w.:/]{1,255}$/;
const SECONDS = /^(\d{4})-?(\d\d)-?(\d\d)T(\d\d):(\d\d):(\d\d)Z?$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The types that hold text only; undefined for a text that is none of them. */
const SCALARS = new Map<string, (text: string) => XmlRpcValue | undefined>([
  ['string', (text) => text],
  ['int', (text) => integer(text, 32)],
  ['i4', (text) => integer(text, 32)],
  ['i8', (text) => integer(text, 64)],
  ['boolean', (text) => (text === '1' ? true : text === '0' ? false : undefined)],
  ['double', (text) => (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined)],
  ['dateTime.iso8601', dateTime],
  ['base64', base64],
  ['nil', (text) => (text === '' ? null : undefined)],
]);

/**
 * Reads a `<methodCall>`.
 *
 * @throws XmError `EXML` with the place of what is wrong
 */
export function decodeCall(text: string): XmlRpcCall {
  const reader = xmlReader(text);
  open(reader, 'methodCall');
  open(reader, 'methodName');
  const at = reader.peek().at;
  const method = content(reader, 'methodName').trim();
  if (!METHOD_NAME.test(method)) throw badXml('this is not the name of a method', at);
  const params: XmlRpcValue[] = [];
  if (opens(reader, 'params')) {
    while (opens(reader, 'param')) {
      params.push(value(reader, 0));
      close(reader, 'param');
    }
    close(reader, 'params');
  }
  close(reader, 'methodCall');
  skipBlank(reader);
  const rest = reader.take();
  if (rest.kind !== 'end') throw badXml('more follows the call', rest.at);
  return { method, params };
}

function value(reader: XmlReader, depth: number): XmlRpcValue {
  open(reader, 'value');
  const first = reader.peek();
  const text = first.kind === 'text' ? reader.take().text : '';
  const type = reader.peek();
  // A text without a type is a string.
  if (type.kind === 'close') return ended(reader, text);
  if (text.trim() !== '') throw badXml('text stands beside a type', first.at);
  reader.take();
  return ended(reader, typed(reader, type.text, type.at, depth));
}

/** Takes `</value>` behind `result`. */
function ended(reader: XmlReader, result: XmlRpcValue): XmlRpcValue {
  close(reader, 'value');
  return result;
}

function typed(reader: XmlReader, type: string, at: number, depth: number): XmlRpcValue {
  if (type === 'array' || type === 'struct') {
    if (depth === MAX_DEPTH) throw badXml(`there are more than ${MAX_DEPTH} levels`, at);
    return type === 'array' ? array(reader, depth + 1) : struct(reader, depth + 1);
  }
  const read = SCALARS.get(type);
  if (read === undefined) throw badXml(`there is no type '${type}'`, at);
  const result = read(content(reader, type));
  if (result === undefined) throw badXml(`this is not of the type '${type}'`, at);
  return result;
}

function array(reader: XmlReader, depth: number): XmlRpcValue {
  const items: XmlRpcValue[] = [];
  open(reader, 'data');
  while (begins(reader, 'value')) items.push(value(reader, depth));
  close(reader, 'data');
  close(reader, 'array');
  return items;
}

function struct(reader: XmlReader, depth: number): XmlRpcValue {
  const members = new Map<string, XmlRpcValue>();
  while (opens(reader, 'member')) {
    open(reader, 'name');
    const { at } = reader.peek();
    const name = content(reader, 'name');
    if (members.has(name)) throw badXml('a struct has two members of one name', at);
    members.set(name, value(reader, depth));
    close(reader, 'member');
  }
  close(reader, 'struct');
  return Object.fromEntries(members);
}

function skipBlank(reader: XmlReader): void {
  const { kind, text } = reader.peek();
  if (kind === 'text' && text.trim() === '') reader.take();
}

/** Whether `<name>` is next, behind blanks. */
function begins(reader: XmlReader, name: string): boolean {
  skipBlank(reader);
  const { kind, text } = reader.peek();
  return kind === 'open' && text === name;
}

/** Takes `<name>` if it is next, behind blanks. */
function opens(reader: XmlReader, name: string): boolean {
  if (!begins(reader, name)) return false;
  reader.take();
  return true;
}

function open(reader: XmlReader, name: string): void {
  if (!opens(reader, name)) throw badXml(`<${name}> is missing`, reader.peek().at);
}

function close(reader: XmlReader, name: string): void {
  skipBlank(reader);
  const token = reader.take();
  if (token.kind !== 'close' || token.text !== name) throw badXml(`</${name}> is missing`, token.at);
}

/** The text up to `</name>`. */
function content(reader: XmlReader, name: string): string {
  const text = reader.peek().kind === 'text' ? reader.take().text : '';
  const token = reader.take();
  if (token.kind !== 'close' || token.text !== name) throw badXml(`</${name}> is missing`, token.at);
  return text;
}

function integer(text: string, bits: number): number | bigint | undefined {
  if (!/^[+-]?\d{1,20}$/.test(text)) return undefined;
  const whole = BigInt(text.replace('+', ''));
  if (BigInt.asIntN(bits, whole) !== whole) return undefined;
  return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
}

function dateTime(text: string): Date | undefined {
  const [, ...parts] = SECONDS.exec(text) ?? [];
  const [year, month, day, hour, minute, second] = parts;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const date = new Date(iso);
  // One that rolled over, such as the 31st of June, is none.
  return Number.isNaN(date.getTime()) || date.toISOString() !== iso ? undefined : date;
}

function base64(text: string): Uint8Array | undefined {
  const dense = text.replace(/\s+/g, '');
  return BASE64.test(dense) ? new Uint8Array(Buffer.from(dense, 'base64')) : undefined;
}
