// SPDX-License-Identifier: Apache-2.0
import type { Diagnostic, Source, Span } from './contract.ts';
import { positionOf } from './position.ts';

/** Characters of a long line that are shown, the place in question among them. */
const WINDOW = 100;
/** Characters shown before the place when a line is cut. */
const BEFORE = 40;

/**
 * A finding as people read it, without newline at the end:
 *
 * ```text
 * web.sxp:3:6: error: unknown field 'memmory'
 *     (memmory 64)
 *      ^~~~~~~
 * hint: did you mean 'memory'?
 * ```
 */
export function renderDiagnostic(source: Source, diagnostic: Diagnostic): string {
  const { name, text } = diagnostic.span.source ?? source;
  const { line, column, span } = positionOf(diagnostic.span.source ?? source, diagnostic.span.start);
  const lines = [`${name}:${line}:${column}: ${diagnostic.severity}: ${diagnostic.message}`];
  if (span.end > span.start) lines.push(...excerpt(text, span, diagnostic.span));
  if (diagnostic.hint !== undefined) lines.push(`hint: ${diagnostic.hint}`);
  return lines.join('\n');
}

/** All findings of a source, each as by {@link renderDiagnostic}. */
export function renderDiagnostics(source: Source, diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map((diagnostic) => renderDiagnostic(source, diagnostic)).join('\n');
}

/** Keeps a text from driving the terminal; each character stays one character, so that columns stay right. */
function printable(text: string): string {
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** The line, cut around the mark if it is long, and below it the carets; a tab stays a tab, so that they line up. */
function excerpt(text: string, line: Span, mark: Span): [string, string] {
  const cut = line.end - line.start > WINDOW;
  const start = cut ? Math.max(line.start, mark.start - BEFORE) : line.start;
  const end = cut ? Math.min(line.end, start + WINDOW) : line.end;
  const lead = start > line.start ? '...' : '';
  const tail = end < line.end ? '...' : '';
  const before = `${lead}${text.slice(start, mark.start)}`;
  const marked = Array.from(text.slice(mark.start, Math.min(mark.end, end))).length;
  return [
    `${lead}${printable(text.slice(start, end))}${tail}`,
    `${before.replace(/[^\t]/gu, ' ')}^${'~'.repeat(Math.max(0, marked - 1))}`,
  ];
}
