// SPDX-License-Identifier: Apache-2.0

/** Parameters as the query of an address; each item of a list is one. */
export function queryOf(
  values: Readonly<Record<string, string | number | readonly string[] | undefined>>,
): URLSearchParams {
  const pairs = Object.entries(values).flatMap(([name, value]) =>
    [value ?? []].flat().map((item) => [name, String(item)]),
  );
  return new URLSearchParams(pairs);
}
