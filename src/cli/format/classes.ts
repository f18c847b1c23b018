// SPDX-License-Identifier: Apache-2.0
import type { XendApi } from '../../xend/contract.ts';

type ClassInfo = XendApi['device.classes']['result'][number];

/** `xm device-classes`: each class with what it is for, and below it a line for each key. */
export function classTable(classes: readonly ClassInfo[]): string {
  return classes.map(describe).join('\n');
}

function describe({ name, aliases, doc, path, fields }: ClassInfo): string {
  const also = aliases.length === 0 ? '' : ` (or ${aliases.join(', ')})`;
  const width = Math.max(0, ...fields.map((field) => field.name.length));
  const lines = fields.map((field) => {
    const need = field.required ? ' (required)' : field.default === undefined ? '' : ` (default: ${field.default})`;
    return `    ${field.name.padEnd(width)}  ${field.doc}${need}\n`;
  });
  return `${name}${also}: ${doc}\n${path === undefined ? '' : `    from ${path}\n`}${lines.join('')}`;
}
