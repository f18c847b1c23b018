// SPDX-License-Identifier: Apache-2.0
import { custom } from '@oclif/core/args';
import { XmError } from '../errors.ts';

/** A required port of a virtual socket: an unsigned 32-bit number. */
export const port = () =>
  custom<number>({
    description: 'Port: a number up to 4294967295.',
    ignoreStdin: true,
    async parse(text) {
      if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32) return Number(text);
      throw new XmError('EPORT', `'${text}' is no port: that is a number up to 4294967295.`);
    },
  })({ required: true });
