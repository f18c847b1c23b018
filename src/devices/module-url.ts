// SPDX-License-Identifier: Apache-2.0

/** URL of a module beside another, with the extension that modules have there: `.ts` in source, `.js` when built. */
export function moduleUrl(name: string, beside: string): URL {
  return new URL(`${name}${beside.endsWith('.ts') ? '.ts' : '.js'}`, beside);
}
