// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { XendContext } from './context.ts';

type Where = Pick<XendContext, 'paths'>;

/** Where xend keeps the state of a managed domain that is suspended; the file is what says that it is. */
export const fileOf = ({ paths }: Where, uuid: string): string => join(paths.managedDir, `${uuid}.save`);

/** Whether a managed domain, which is not there, goes on with `xm resume`. */
export const isSuspended = (where: Where, uuid: string): boolean => existsSync(fileOf(where, uuid));
