// SPDX-License-Identifier: Apache-2.0
import { defineKernel } from '../../kernel.ts';
import { runShell } from './shell.ts';

/** The kernel `shell`: commands typed at the domain's console, for people and for scripts. See README.md. */
export default defineKernel(runShell);
