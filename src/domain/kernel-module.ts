// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../errors.ts';
import type { Kernel } from './contract.ts';

/** Where our own modules are. */
const ours = new URL('../', import.meta.url).href;

/**
 * Imports a kernel's module in the domain's thread.
 *
 * @throws Error of one line that names the kernel, what is wrong with it and, if that can be told, where
 */
export async function importKernel(url: string): Promise<Kernel> {
  const path = fileURLToPath(url);
  const module: { readonly default?: unknown } = await import(url).catch((error: unknown) => {
    throw new Error(`Cannot load kernel "${path}": ${explainModule(error, path)}`, { cause: error });
  });
  if (typeof module.default !== 'function') {
    throw new Error(`Cannot load kernel "${path}": it has no default export made by defineKernel`);
  }
  return module.default as Kernel;
}

/** Characters of what a module threw that are passed on: enough for people, and no load for who reads it. */
const MOST_SHOWN = 500;

/** What is wrong with a module of a user's, in one line with its place. @param thrown by its parser or by itself */
export function explainModule(thrown: unknown, path: string): string {
  const denied = thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_ACCESS_DENIED';
  const [line = ''] = denied ? ['it may read nothing but what is beside or below it'] : messageOf(thrown).split('\n');
  const text = line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}...` : line;
  const place = placeOf(thrown) ?? (thrown instanceof SyntaxError ? placeOf(parseAgain(path)) : undefined);
  return place === undefined ? text : `${text} (${place})`;
}

/** `FILE:LINE`, from the heading of a syntax error or from the innermost frame outside of Node and of us. */
function placeOf(thrown: unknown): string | undefined {
  const { stack = '' } = thrown instanceof Error ? thrown : {};
  const heading = /^(\/.+|file:.+):(\d+)\n/.exec(stack);
  const frames = [...stack.matchAll(/\n +at (?:.*\()?(file:.+?):(\d+):\d+/g)];
  const [, file, line] = heading ?? frames.find((frame) => !frame[1]!.startsWith(ours)) ?? [];
  return file === undefined ? undefined : `${basename(file).replace(/\?.*/, '')}:${line}`;
}

/** Node does not say where the syntax error of a JavaScript module is; its TypeScript parser does. */
function parseAgain(path: string): unknown {
  try {
    stripTypeScriptTypes(readFileSync(path, 'utf8'), { sourceUrl: path });
    return undefined;
  } catch (error) {
    return error;
  }
}
