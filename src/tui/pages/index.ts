// SPDX-License-Identifier: Apache-2.0
import type { Page } from '../page.ts';
import { channels } from './channels.ts';
import { domains } from './domains.ts';
import { endpoints } from './endpoints.ts';
import { grants } from './grants.ts';
import { log } from './log.ts';
import { rings } from './rings.ts';
import { xenstore } from './xenstore.ts';

/** All pages; the first is on key 1, and so on. */
export const pages: readonly Page[] = [domains, rings, channels, endpoints, grants, xenstore, log];

/** The page of a name, and the first one for any other. */
export function pageNamed(name: string): Page {
  return pages.find((one) => one.name === name) ?? domains;
}
