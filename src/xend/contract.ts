// SPDX-License-Identifier: Apache-2.0
import type { ChannelApi } from './contract-channels.ts';
import type { DeviceApi } from './contract-devices.ts';
import type { DomainApi } from './contract-domains.ts';
import type { HostApi } from './contract-host.ts';
import type { ObservingApi } from './contract-observing.ts';
import type { PoolApi } from './contract-pools.ts';

export type * from './contract-channels.ts';
export type * from './contract-devices.ts';
export type * from './contract-domains.ts';
export type * from './contract-host.ts';
export type * from './contract-observing.ts';
export type * from './contract-pools.ts';

/**
 * What xend offers its clients. One service behind it; the command line reaches it as `POST /api/METHOD` with a JSON
 * parameter object on the unix socket {@link RunPaths.socket} (answer: the JSON result, or `{error: ApiError}` with
 * status 400, 404 or 500). Types only, so that a short command loads nothing.
 *
 * A method has its parameters and its result; all may fail with an {@link ApiError}.
 */
export interface XendApi extends DomainApi, DeviceApi, PoolApi, ChannelApi, ObservingApi, HostApi {}

export type XendMethod = keyof XendApi;

/** The methods of {@link XendApi}, each as a function. */
export type XendMethods = {
  readonly [M in XendMethod]: (params: XendApi[M]['params']) => Promise<XendApi[M]['result']>;
};

/** What failed, as the command line prints it. */
export interface ApiError {
  readonly code: string;
  readonly message: string;
  readonly exit: number;
  readonly hint?: string;
}

/**
 * Beside the methods: `GET /log?lines=N&since=MS&level=LEVEL&domains=NAME` answers with what `log.read` does and then each new
 * record as it is written, newline-terminated, until the client closes. With `framed=yes` each is a JSON string in one line, a
 * line `null` is where the past ends, and `{"lost": N}` stands for what came faster than it was read. `GET /events?since=MS&filters=KEY=VALUE`
 * answers in the same frames with an event each, and without `since` begins with the present. `GET /version` answers with
 * {@link XendStatus}.
 *
 * The number changes when a client of the one before could misunderstand. Both ends say theirs in {@link PROTOCOL_HEADER}; a
 * request without it is taken for one of xend's own protocol.
 */
export const PROTOCOL = 1;

/** The header in which client and xend say their {@link PROTOCOL}. */
export const PROTOCOL_HEADER = 'xend-protocol';

/**
 * What a client of another protocol may call all the same: parameters and results of these only ever grow by optional
 * members. Everything else is refused (`EPROTOCOL`).
 */
export const STABLE_METHODS: readonly XendMethod[] = [
  'domain.list',
  'domain.all',
  'domain.destroy',
  'xend.status',
  'xend.stop',
];
