// SPDX-License-Identifier: Apache-2.0
import { supervisorCensus } from './census.ts';
import { eventually } from './until.ts';
import type { TestXend } from './xend.ts';

/** Directories of the store that come with the first device of a class, and stay. */
const CLASS_DIRECTORY = /^\/local\/domain\/\d+\/(backend|device)(\/[a-z]+)?$/;

/** What a supervisor holds for its domains and what they hold themselves, in a form that can be compared. */
export function footprint(xend: TestXend) {
  const { domids, problems, paths, runFiles, stateFiles } = supervisorCensus(xend);
  return {
    usage: domids.map((domid) => ({ domid, ...xend.xend.hv.usage(domid) })),
    known: xend.xend.status().domains,
    problems,
    paths: paths.filter((path) => !CLASS_DIRECTORY.test(path)),
    runFiles,
    stateFiles,
  };
}

export type Footprint = ReturnType<typeof footprint>;

/**
 * Waits until a supervisor holds what it held before: nothing more and nothing less.
 *
 * @throws Error that says what is different, if it stays so
 */
export async function untilAsBefore(xend: TestXend, before: Footprint): Promise<void> {
  const expected = linesOf(before);
  await eventually(() => {
    const now = linesOf(footprint(xend));
    const gone = expected.filter((line) => !now.includes(line)).map((line) => `- ${line}`);
    const come = now.filter((line) => !expected.includes(line)).map((line) => `+ ${line}`);
    if (gone.length + come.length > 0) throw new Error([...gone, ...come].join('\n'));
    return true;
  });
}

const linesOf = (found: Footprint): readonly string[] =>
  Object.entries(found).flatMap(([key, value]) => [value].flat().map((item) => `${key} ${JSON.stringify(item)}`));
