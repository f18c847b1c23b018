// SPDX-License-Identifier: Apache-2.0

/** How the values of one parameter of a query become what a method takes. */
export type QueryReader = (values: readonly string[]) => unknown;

/** Not a number unless there is one value that is. */
export const oneNumber: QueryReader = ([value = '', ...others]) =>
  value === '' || others.length > 0 ? Number.NaN : Number(value);

export const oneText: QueryReader = ([value]) => value;

export const allTexts: QueryReader = (values) => values;

/** The parameters of a query as those of a method, unchecked: what has no reader is there too, to be refused. */
export function readQuery(
  query: URLSearchParams,
  readers: Readonly<Record<string, QueryReader>>,
): Readonly<Record<string, unknown>> {
  const names = [...new Set(query.keys())];
  return Object.fromEntries(names.map((name) => [name, (readers[name] ?? oneText)(query.getAll(name))]));
}
