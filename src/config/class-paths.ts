// SPDX-License-Identifier: Apache-2.0
import type { Source, Span, SxpNode } from '../sxp/contract.ts';
import type { ReadOptions } from './context.ts';
import { parseAny } from './parse-any.ts';
import { filePath } from './values.ts';

/** A class of a user's own that a text names. */
export interface ClassPath {
  /** Absolute. */
  readonly path: string;
  readonly span: Span;
}

/**
 * The modules of all `(device-class PATH)` of a text: they are read before the text is, since they say what its devices may hold.
 * What is no path is left to the reader.
 */
export function findClassPaths(source: Source, options: Omit<ReadOptions, 'classes'>): readonly ClassPath[] {
  const items = (node: SxpNode): readonly SxpNode[] => (node.kind === 'list' ? node.items : []);
  return parseAny(source, options)
    .forms.flatMap(items)
    .flatMap((field) => {
      const [head, value] = items(field);
      const named = head?.kind === 'atom' && head.text === 'device-class';
      const found = named && value?.kind === 'atom' ? filePath(options.directory)(value.text) : undefined;
      return found !== undefined && 'value' in found ? [{ path: found.value, span: value!.span }] : [];
    });
}
