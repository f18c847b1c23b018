// SPDX-License-Identifier: Apache-2.0
import { messageOf, XmError } from '../../errors.ts';
import type { XendClient } from '../../xend/client.ts';
import { holderOf } from '../../xend/lock.ts';
import { runPaths } from '../../xend/paths.ts';
import type { Check, Finding, Patient } from './contract.ts';
import { MACHINE_CHECKS } from './machine.ts';
import { PLACE_CHECKS } from './places.ts';
import { SUPERVISOR_CHECKS } from './supervisor.ts';

/** How long xend may take to answer, milliseconds: it never is busy for so long. */
const PATIENCE = 5000;

const CHECKS: readonly Check[] = [...SUPERVISOR_CHECKS, ...PLACE_CHECKS, ...MACHINE_CHECKS];

/** What was found, in the order of the checks. */
export interface Examination {
  /** No problem was found. */
  readonly healthy: boolean;
  readonly findings: readonly Finding[];
}

/**
 * Looks at everything that may keep xend and domains from working. Changes nothing.
 *
 * @param client one that starts no xend
 * @throws XmError `ESOCKETPATH` when no xend could run with the environment's directories
 */
export async function examine(client: XendClient): Promise<Examination> {
  const paths = runPaths();
  const xend = await inTime(client.call('xend.status', {})).catch((error) =>
    error instanceof XmError ? error : new XmError('EXEND', messageOf(error)),
  );
  const patient: Patient = { client, paths, xend, pid: holderOf(paths.pidFile) };
  const findings: Finding[] = [];
  for (const { name, look } of CHECKS) {
    const found = await inTime(look(patient)).catch((error) => [{ grade: 'problem' as const, text: messageOf(error) }]);
    findings.push(...found.map((finding) => ({ check: name, ...finding })));
  }
  return { healthy: findings.every(({ grade }) => grade !== 'problem'), findings };
}

/** A line for each finding, and one for its hint. */
export function examinationText({ findings }: Examination): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const indent = ' '.repeat(10 + width);
  return findings
    .map(({ check, grade, text, hint }) => {
      const line = `${grade.padEnd(7)} ${check.padEnd(width)}  ${text.replaceAll('\n', `\n${indent}`)}\n`;
      return hint === undefined ? line : `${line}${indent}Hint: ${hint}\n`;
    })
    .join('');
}

/** @throws XmError `ETIMEOUT` when it takes too long */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new XmError('ETIMEOUT', `there was no answer within ${PATIENCE / 1000} s`);
    timer = setTimeout(reject, PATIENCE, error);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
