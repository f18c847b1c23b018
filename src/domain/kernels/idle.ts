// SPDX-License-Identifier: Apache-2.0
import { defineKernel } from '../kernel.ts';
import { whenAskedToEnd } from './shutdown.ts';

/** A domain that does nothing until it is asked to end: for measuring what a domain costs, and as something to attach to. */
export default defineKernel((domain) => whenAskedToEnd(domain.signal));
