// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { messageOf, XmError } from '../../errors.ts';
import type { XenstoreAccess, XenstoreClient } from '../../xenstore/client-contract.ts';
import { connectWire } from '../../xenstore/wire-client.ts';
import { XmCommand } from '../command.ts';
import { reasonOf, refused } from './refusals.ts';

/** Options that all `xenstore-*` programs have. */
export const commonFlags = {
  socket: boolean({ char: 's', hidden: true, description: 'Ignored, as by the xenstore-* programs.' }),
};

/** Base of `xm xenstore ...`: a connection to the store, whose output and exit status are those of Xen's `xenstore-*` programs. */
export abstract class XenstoreCommand extends XmCommand {
  /** Scripts take all of stdout for values. */
  protected override readonly tellsUsage: boolean = false;

  /**
   * Runs `body` with a connection to xend's store, or to the one whose socket `XENSTORED_PATH` names.
   * @throws XmError `ENOSTORE` when nobody listens there
   */
  protected async store<T>(body: (store: XenstoreClient) => Promise<T>): Promise<T> {
    const path = process.env.XENSTORED_PATH || (await this.call('xend.status', {})).xenstoreSocket;
    const store = await connectWire(path).catch((cause) => {
      throw new XmError('ENOSTORE', `Unable to connect to xenstore: ${messageOf(cause)}`, {
        ...(process.env.XENSTORED_PATH
          ? { hint: 'XENSTORED_PATH says where; without it, it is the store of xend' }
          : {}),
      });
    });
    try {
      return await refused(body(store), reasonOf);
    } finally {
      store.close();
    }
  }

  /** Runs `body` as one transaction, however often others get in its way. */
  protected transaction<T>(body: (tx: XenstoreAccess) => Promise<T>): Promise<T> {
    return this.store((store) => store.transaction(body, { retries: Number.POSITIVE_INFINITY }));
  }
}
