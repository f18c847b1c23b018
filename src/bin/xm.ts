// SPDX-License-Identifier: Apache-2.0
/**
 * Entry of the command line. It looks at the version before it imports anything, because an old Node would fail on the
 * imports with a text that does not say why.
 */

/** The same as `engines.node` in package.json; a test compares them. */
const NEEDED = [24, 15] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  const found = `${process.execPath} is ${process.versions.node}`;
  process.stderr.write(
    `Error: xm needs Node ${NEEDED.join('.')} or newer, but ${found}. Set XM_NODE to a newer one.\n`,
  );
  process.exitCode = 1;
} else {
  // Compiled code of all later imports is kept between runs, in a directory of this user and this Node version.
  (await import('node:module')).enableCompileCache();
  const [first, ...rest] = process.argv.slice(2);
  if (first === '__complete') await (await import('../cli/complete/run.ts')).complete(rest);
  else await (await import('../cli/main.ts')).main(process.argv.slice(2));
}
