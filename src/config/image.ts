// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import type { Sxp } from '../sxp/contract.ts';
import { cite } from '../sxp/show.ts';
import type { Context } from './context.ts';
import type { ImageConfig } from './contract.ts';
import { asForm, asForms, FIELD, type Form, group, readValue } from './form.ts';
import { anyText, type Check } from './values.ts';

/** Kernels that are named by a word alone. */
const BUILTIN_KERNELS: readonly string[] = ['shell', 'idle'];

const BUILTIN = /^builtin:[A-Za-z0-9_-]+$/;
const PREFIX = 'image: ';

/** One field of `(js ...)`. */
export interface ImageField {
  readonly name: keyof ImageConfig;
  readonly doc: string;
  /** Absent if the field is required. */
  readonly default?: string;
  readonly check: (directory: string) => Check<string>;
}

/** The fields of `(image (js ...))`, in the order in which they are printed. */
export const imageFields: readonly ImageField[] = [
  {
    name: 'kernel',
    doc: 'Built-in kernel (shell, idle, builtin:NAME), or path of a module; a relative path starts at the configuration.',
    check: (directory) => (text) => {
      if (text === '') return { problem: 'must not be empty' };
      const builtin = BUILTIN_KERNELS.includes(text) || BUILTIN.test(text);
      return { value: builtin ? text : resolve(directory, text) };
    },
  },
  { name: 'args', doc: 'Text handed to the kernel.', default: '', check: () => anyText },
];

/** Reads `(image (js (kernel K) (args A)))`. */
export function readImage(form: Form, context: Context): ImageConfig | undefined {
  const [only, second] = form.values;
  if (only === undefined || second !== undefined) {
    const message = 'image must hold one form: (image (js (kernel K) (args A)))';
    context.report('config-bad-value', message, (second ?? form.list).span);
    return undefined;
  }
  const js = asForm(only, PREFIX, '(js ...)', context);
  if (js === undefined) return undefined;
  if (js.name !== 'js') {
    const hint = 'the only type is js: (image (js (kernel K) (args A)))';
    context.report('config-bad-value', `unknown image type ${cite(js.name)}`, js.nameSpan, hint);
    return undefined;
  }
  return readJs(js, context);
}

function readJs(js: Form, context: Context): ImageConfig | undefined {
  const rules = { prefix: PREFIX, known: imageFields.map(({ name }) => name) };
  const given = group(asForms(js.values, PREFIX, FIELD, context), rules, context);
  const texts = new Map<string, string | undefined>();
  for (const field of imageFields) {
    const form = given.get(field.name)?.[0];
    if (form !== undefined) {
      texts.set(field.name, readValue(form, PREFIX, field.check(context.directory), context));
    } else if (field.default !== undefined) {
      texts.set(field.name, field.default);
    } else if (context.complete) {
      context.report('config-missing-field', `${PREFIX}missing field '${field.name}'`, js.nameSpan, field.doc);
    }
  }
  const kernel = texts.get('kernel');
  const args = texts.get('args');
  return kernel === undefined || args === undefined ? undefined : { kernel, args };
}

/** The form {@link readImage} reads. */
export function printImage(image: ImageConfig): Sxp {
  return ['image', ['js', ...imageFields.map(({ name }) => [name, image[name]])]];
}
