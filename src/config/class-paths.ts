// SPDX-License-Identifier: Apache-2.0
import type { Source, Span, SxpNode } from '../sxp/contract.ts';
import { parse } from '../sxp/parse.ts';
import type { Context } from './context.ts';
import { type Form, readValue } from './form.ts';
import { isPython } from './language.ts';
import { filePath } from './values.ts';

/** A class of a user's own that a text names. */
export interface ClassPath {
  /** Absolute. */
  readonly path: string;
  readonly span: Span;
}

/**
 * The modules of all `(device-class PATH)` of a text: they are read before the text is, since they say what its devices may hold.
 * A Python-style one has none. What is no path is left to {@link readClassPaths}.
 */
export function findClassPaths(source: Source, directory: string): readonly ClassPath[] {
  if (isPython(source)) return [];
  const items = (node: SxpNode): readonly SxpNode[] => (node.kind === 'list' ? node.items : []);
  return parse(source)
    .forms.flatMap(items)
    .flatMap((field) => {
      const [head, value] = items(field);
      const named = head?.kind === 'atom' && head.text === 'device-class';
      const found = named && value?.kind === 'atom' ? filePath(directory)(value.text) : undefined;
      return found !== undefined && 'value' in found ? [{ path: found.value, span: value!.span }] : [];
    });
}

/** Reads the `(device-class PATH)` forms of a domain. */
export function readClassPaths(forms: readonly Form[], context: Context): readonly string[] {
  return forms
    .map((form) => readValue(form, '', filePath(context.directory), context))
    .filter((path) => path !== undefined);
}
