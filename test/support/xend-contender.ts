// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../../src/errors.ts';
import { takeLock } from '../../src/xend/lock.ts';

/**
 * A process of its own that takes a lock whenever it is told to: `{take: PATH}` is answered by `taken` or the reason why
 * not, `{release: true}` by `released`.
 */
let release: (() => void) | undefined;

process.on('message', ({ take }: { take?: string }) => {
  if (take === undefined) {
    release?.();
    process.send!('released');
    return;
  }
  try {
    release = takeLock(take);
    process.send!('taken');
  } catch (error) {
    release = undefined;
    process.send!(messageOf(error));
  }
});
process.send!('here');
