// SPDX-License-Identifier: Apache-2.0
import type { SxpAtom, SxpNode } from '../../sxp/contract.ts';
import type { Report } from '../../sxp/report.ts';
import { cite } from '../../sxp/show.ts';
import { atom, form } from './nodes.ts';

/** What the fields of a disk are, in their order (spec/xend.md 2.5). */
const DISK_KEYS = ['uname', 'dev', 'mode', 'backend', 'protocol'];
const DISK_SYNTAX = "a disk is 'UNAME,DEV,MODE', or with ',BACKEND' behind it";
const FEWEST = 3;

/** Classes that the start of a disk's name asks for; the others are `vbd`. */
const DISK_CLASS = /^(tap2?):/;

/** Reads a text as one device, or reports what is wrong with it. */
export type ReadSpecifier = (entry: SxpAtom, report: Report) => SxpNode | undefined;

/** `'phy:hda1,xvda,w'` as `(device (vbd (uname phy:hda1) (dev xvda) (mode w)))`; of a cdrom the first field may be empty. */
export const readDisk: ReadSpecifier = ({ text, span }, report) => {
  const fields = text.split(',').map((field) => field.trim());
  if (fields.length < FEWEST || fields.length > DISK_KEYS.length) {
    report('config-bad-value', `invalid disk specifier ${cite(text)}`, span, DISK_SYNTAX);
    return undefined;
  }
  const keys = fields.flatMap((field, index) =>
    field === '' ? [] : [form(DISK_KEYS[index]!, span, atom(field, span))],
  );
  const [, prefix = 'vbd'] = DISK_CLASS.exec(fields[0]!) ?? [];
  return form('device', span, form(prefix, span, ...keys));
};

/** `'mac=00:16:3e:00:00:01, bridge=b0'` as a device of that class with these keys; the empty text has none. */
export function readPairs(className: string): ReadSpecifier {
  return ({ text, span }, report) => {
    const keys: SxpNode[] = [];
    for (const pair of text.split(',').map((part) => part.trim())) {
      const cut = pair.indexOf('=');
      if (cut > 0) keys.push(form(pair.slice(0, cut).trim(), span, atom(pair.slice(cut + 1).trim(), span)));
      else if (pair !== '') {
        report(
          'config-bad-value',
          `invalid ${className} specifier ${cite(text)}`,
          span,
          'it is KEY=VALUE, KEY=VALUE...',
        );
        return undefined;
      }
    }
    return form('device', span, form(className, span, ...keys));
  };
}

/** `'debug,file=/tmp/trace.log'` as a device of the class that is named first. */
export const readAny: ReadSpecifier = ({ text, span, ...rest }, report) => {
  const [className = '', ...keys] = text.split(',');
  return readPairs(className.trim())({ ...rest, span, text: keys.join(',') }, report);
};
