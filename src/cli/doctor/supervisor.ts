// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../errors.ts';
import { PROTOCOL } from '../../xend/contract.ts';
import { stallSentence } from '../../xend/stalls/words.ts';
import { VERSION } from '../../xend/version.ts';
import { statusLine } from '../xend-status.ts';
import type { Check } from './contract.ts';

/** What a xend without the method says. */
const UNKNOWN: ReadonlySet<string> = new Set(['ENOMETHOD', 'EPROTOCOL']);

/** Whether xend runs and answers, whether it is ours, and what it finds itself. */
export const SUPERVISOR_CHECKS: readonly Check[] = [
  {
    name: 'xend',
    async look({ xend, pid, paths }) {
      if (!(xend instanceof XmError)) {
        const cleaned = xend.recovered.map((text) => ({ grade: 'note', text: `at its start: ${text}` }) as const);
        return [{ grade: 'ok', text: statusLine(xend).trim() }, ...cleaned];
      }
      // That is for the check of directories.
      if (xend.code === 'EDIRECTORY') return [];
      if (pid !== undefined) {
        const hint = `'kill -9 ${pid}' ends it; ${paths.debugLog} may say what is wrong`;
        return [{ grade: 'problem', text: `it runs (pid ${pid}) and cannot be asked: ${xend.message}`, hint }];
      }
      return xend.code === 'ENOXEND'
        ? [{ grade: 'ok', text: 'it does not run' }]
        : [{ grade: 'problem', text: xend.message, ...(xend.hint === undefined ? {} : { hint: xend.hint }) }];
    },
  },
  {
    name: 'version',
    async look({ xend }) {
      const ours = `xm ${VERSION}, protocol ${PROTOCOL}`;
      if (xend instanceof XmError) return [{ grade: 'ok', text: ours }];
      const { version, protocol } = xend;
      if (version === VERSION && protocol === PROTOCOL) return [{ grade: 'ok', text: `${ours}; xend is the same` }];
      const text = `this is ${ours}, but xend is ${version}, protocol ${protocol}`;
      return [{ grade: 'problem', text, hint: "'xm xend restart' starts the new one; all domains end with the old" }];
    },
  },
  {
    name: 'stalls',
    async look({ xend, client }) {
      if (xend instanceof XmError) return [];
      try {
        const stalls = await client.call('stalls', {});
        if (stalls.length === 0) return [{ grade: 'ok', text: 'nothing stands still that should move' }];
        return stalls.map((stall) => ({ grade: 'problem', text: stallSentence(stall) }));
      } catch (error) {
        if (!(error instanceof XmError) || !UNKNOWN.has(error.code)) throw error;
        return [{ grade: 'note', text: 'this xend does not look for them' }];
      }
    },
  },
];
