// SPDX-License-Identifier: Apache-2.0
import type { Vchan } from '../vchan/contract.ts';

/**
 * What carries a link: bytes both ways, in order. A channel of libxenvchan's form is one, Argo's messages are another. The peer may
 * send anything; whether what carries it is sound, the pipe has checked.
 */
export interface Pipe extends Pick<Vchan, 'tryRead' | 'tryWrite' | 'changed' | 'ended' | 'close'> {
  /** Which end this is: the front end gave what carries the link. */
  readonly end: 'front' | 'back';
}
