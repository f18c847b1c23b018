// SPDX-License-Identifier: Apache-2.0
import { type Bytes, registerBytes } from './bytes.ts';
import type { BufferTypes } from './contract.ts';
import { type Files, registerFile } from './file.ts';
import { type PageOptions, type Pages, registerPages } from './pages.ts';
import { registerPairs } from './pairs.ts';
import { createBufferTypes } from './types.ts';

/** A registry and the types of this folder in it. */
export interface StandardBuffers {
  readonly types: BufferTypes;
  readonly bytes: Bytes;
  readonly pages: Pages;
  readonly file: Files;
}

/** Makes a registry that knows memory, hidden pages and files, and the fast copies between them. */
export function createStandardBuffers(options?: PageOptions): StandardBuffers {
  const types = createBufferTypes();
  const bytes = registerBytes(types);
  const pages = registerPages(types, options);
  const file = registerFile(types);
  registerPairs(types, bytes, pages, file);
  return { types, bytes, pages, file };
}
