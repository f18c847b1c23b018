// SPDX-License-Identifier: Apache-2.0
import type { Span, SxpAtom, SxpList, SxpNode } from '../sxp/contract.ts';
import { cite, show } from '../sxp/show.ts';
import { didYouMean } from '../words.ts';
import type { Findings } from './context.ts';
import type { Check } from './values.ts';

/** Something that is given under a name. */
export interface Named {
  readonly name: string;
  readonly nameSpan: Span;
}

/** `(NAME VALUE...)` */
export interface Form extends Named {
  readonly values: readonly SxpNode[];
  readonly list: SxpList;
}

/** What {@link asForm} expects of a field. */
export const FIELD = '(NAME VALUE)';

/** The form a node is; anything but a list that starts with a name is reported, as `shape` expected. */
export function asForm(node: SxpNode, prefix: string, shape: string, context: Findings): Form | undefined {
  const [head, ...values] = node.kind === 'list' ? node.items : [];
  if (node.kind === 'list' && head?.kind === 'atom') {
    return { name: head.text, nameSpan: head.span, values, list: node };
  }
  const found = node.kind === 'atom' ? cite(node.text) : head === undefined ? '()' : 'a list of lists';
  context.report('config-bad-form', `${prefix}expected ${shape}, found ${found}`, node.span);
  return undefined;
}

/** The forms among `nodes`; everything else is reported. */
export function asForms(nodes: readonly SxpNode[], prefix: string, shape: string, context: Findings): Form[] {
  return nodes.map((node) => asForm(node, prefix, shape, context)).filter((form) => form !== undefined);
}

/** How {@link group} treats names. */
export interface GroupRules {
  /** Starts each message, e.g. `vbd: `. */
  readonly prefix: string;
  readonly known: readonly string[];
  /** Names that may be given more than once. */
  readonly repeated?: readonly string[];
  /** A hint about an unknown name for which no known one is near. */
  readonly elsewhere?: (name: string) => string | undefined;
}

/** Sorts what is given by name; reports unknown names, and names given twice (of which the first counts). */
export function group<T extends Named>(given: readonly T[], rules: GroupRules, context: Findings): Map<string, T[]> {
  const { prefix, known, repeated = [], elsewhere } = rules;
  const groups = new Map<string, T[]>();
  for (const item of given) {
    const { name, nameSpan } = item;
    const before = groups.get(name);
    if (!known.includes(name)) {
      const hint = didYouMean(name, known) ?? elsewhere?.(name) ?? `known fields: ${known.join(', ')}`;
      context.report('config-unknown-field', `${prefix}unknown field ${cite(name)}`, nameSpan, hint);
    } else if (before === undefined) {
      groups.set(name, [item]);
    } else if (repeated.includes(name)) {
      before.push(item);
    } else {
      const first = context.place(before[0]!.nameSpan);
      context.report(
        'config-duplicate-field',
        `${prefix}${name} is given twice${first && `, first${first}`}`,
        nameSpan,
      );
    }
  }
  return groups;
}

/** The only value of a form, which has to be a text; anything else is reported. */
export function onlyText(form: Form, prefix: string, context: Findings): SxpAtom | undefined {
  const [value, second] = form.values;
  const label = `${prefix}${form.name}`;
  if (value === undefined) {
    context.report('config-bad-value', `${label} has no value`, form.list.span, "write '' for the empty text");
  } else if (value.kind === 'list') {
    context.report('config-bad-value', `${label} must be one value, found a list`, value.span);
  } else if (second !== undefined) {
    const texts = form.values.filter((node) => node.kind === 'atom').map((node) => node.text);
    const hint =
      texts.length === form.values.length ? `one value with blanks is quoted: ${show(texts.join(' '))}` : undefined;
    context.report('config-bad-value', `${label} must be one value, found ${form.values.length}`, second.span, hint);
  } else {
    return value;
  }
  return undefined;
}

/** The checked value of a form that holds one text. */
export function readValue<T>(form: Form, prefix: string, check: Check<T>, context: Findings): T | undefined {
  const atom = onlyText(form, prefix, context);
  if (atom === undefined) return undefined;
  const checked = check(atom.text);
  if ('value' in checked) return checked.value;
  context.report('config-bad-value', `${prefix}${form.name} ${checked.problem}`, atom.span, checked.hint);
  return undefined;
}
