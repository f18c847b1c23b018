// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../errors.ts';

/** A piece of XML. `<x/>` is an `open` and a `close`. Neighbouring texts are one; comments are not there. */
export interface XmlToken {
  readonly kind: 'open' | 'close' | 'text' | 'end';
  /** Name of the tag, or the text itself. */
  readonly text: string;
  /** UTF-16 offset of its beginning. */
  readonly at: number;
}

/** Reads the tokens of a text one after another. */
export interface XmlReader {
  /** The next token, which stays the next. @throws XmError `EXML` */
  peek(): XmlToken;
  /** The next token. @throws XmError `EXML` */
  take(): XmlToken;
}

const DECLARATION = /^\ufeff?<\?xml\s+version\s*=\s*(['"])1\.[0-9]\1(?:\s+encoding\s*=\s*(['"])([\w.-]+)\2)?[^?<>]*\?>/;
const ENCODINGS = ['utf-8', 'us-ascii', 'ascii'];
const TAG = /<(\/?)([A-Za-z][\w.:-]*)\s*(\/?)>/y;
const TEXT = /[^<]+/y;
const SECTIONS = [
  { begin: '<!--', end: '-->', text: false },
  { begin: '<![CDATA[', end: ']]>', text: true },
];
const ENTITIES: ReadonlyMap<string | undefined, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);
/** What XML 1.0 does not let be, written out or as a reference; unpaired surrogates too. */
export const UNSPEAKABLE = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/**
 * A reader for the little of XML that XML-RPC needs: tags without attributes, text with the five entities and character
 * references, CDATA, comments. What is more is refused, above all document types: no entity can grow, and nothing is fetched.
 */
export function xmlReader(source: string): XmlReader {
  let at = source.startsWith('\ufeff') ? 1 : 0;
  let next: XmlToken | undefined;
  /** The `close` of a tag that closes itself. */
  let owed: XmlToken | undefined;

  const declared = DECLARATION.exec(source);
  if (declared !== null) {
    const encoding = declared[3]?.toLowerCase() ?? 'utf-8';
    if (!ENCODINGS.includes(encoding)) throw badXml(`its encoding is ${encoding}, not UTF-8`, 0);
    at = declared[0].length;
  }

  function readText(): string {
    const parts: string[] = [];
    while (at < source.length) {
      const section = SECTIONS.find(({ begin }) => source.startsWith(begin, at));
      if (section !== undefined) {
        const from = at + section.begin.length;
        const to = source.indexOf(section.end, from);
        if (to < 0) throw badXml(`'${section.begin}' is not closed`, at);
        if (section.text) parts.push(checked(source.slice(from, to), from));
        at = to + section.end.length;
        continue;
      }
      TEXT.lastIndex = at;
      const [plain] = TEXT.exec(source) ?? [];
      if (plain === undefined) break;
      parts.push(resolved(checked(plain, at), at));
      at += plain.length;
    }
    return parts.join('');
  }

  function read(): XmlToken {
    if (owed !== undefined) {
      const token = owed;
      owed = undefined;
      return token;
    }
    const start = at;
    const text = readText();
    if (text !== '') return { kind: 'text', text, at: start };
    if (at === source.length) return { kind: 'end', text: '', at };
    TAG.lastIndex = at;
    const [whole, slash, name = '', closed] = TAG.exec(source) ?? [];
    if (whole === undefined) throw badXml('this is neither a plain tag nor text', at);
    if (slash !== '' && closed !== '') throw badXml(`</${name}/> is no tag`, at);
    const tag = at;
    at += whole.length;
    if (closed !== '') owed = { kind: 'close', text: name, at: tag };
    return { kind: slash === '' ? 'open' : 'close', text: name, at: tag };
  }

  return {
    peek() {
      next ??= read();
      return next;
    },
    take() {
      const token = next ?? read();
      next = undefined;
      return token;
    },
  };
}

/** The error for a text that is not what it has to be. @param at UTF-16 offset */
export function badXml(reason: string, at: number): XmError {
  return new XmError('EXML', `The request is not XML-RPC: at character ${at}, ${reason}`);
}

function checked(text: string, at: number): string {
  const wrong = UNSPEAKABLE.exec(text);
  if (wrong !== null) throw badXml(`character code ${wrong[0].codePointAt(0)} is not allowed`, at + wrong.index);
  return text.replace(/\r\n?/g, '\n');
}

function resolved(text: string, at: number): string {
  return text.replace(/&(?:#(x[\dA-Fa-f]{1,6}|\d{1,7});|(\w{1,8});)?/g, (whole, code?: string, name?: string) => {
    const number = code === undefined ? 0 : Number(code.startsWith('x') ? `0${code}` : code);
    const character = code === undefined ? ENTITIES.get(name) : number <= 0x10ffff && String.fromCodePoint(number);
    if (!character || UNSPEAKABLE.test(character)) throw badXml(`'${whole}' is not a reference that is known`, at);
    return character;
  });
}
