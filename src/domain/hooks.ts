// SPDX-License-Identifier: Apache-2.0
import { deserialize, serialize } from 'node:v8';
import { messageOf } from '../errors.ts';
import type { Domain, Interrupt, SaveHooks } from './contract.ts';
import { CMSG_STATUS, type ControlAnswer, type ControlBody, OKAY } from './control.ts';

/** Largest state of a kernel, bytes: it passes through the supervisor in one piece. */
export const STATE_LIMIT = 64 * 2 ** 20;

/** What a kernel hooks into, and xend's messages to it. */
export interface Hooks extends Pick<Domain, 'restored' | 'onSave' | 'onInterrupt'> {
  /** Handles a message `DOMAIN SUBTYPE` of xend: SAVE (answered with `state`), RESUME, SYSRQ and NMI. */
  handle(subtype: string, body: ControlBody): Promise<ControlAnswer> | ControlAnswer;
}

const refuse = (reason: string, more: ControlBody = {}): ControlAnswer => ({
  ...more,
  status: CMSG_STATUS.error,
  reason,
});

/** A value as bytes, in V8's own format, which later versions read too. @throws Error when it cannot be kept */
function toBytes(state: unknown): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = serialize(state);
  } catch (error) {
    throw new Error(`the state that its kernel gives cannot be kept: ${messageOf(error)}`);
  }
  if (bytes.length <= STATE_LIMIT) return bytes;
  throw new Error(`the state that its kernel gives has ${bytes.length} bytes, ${STATE_LIMIT} are the most`);
}

/**
 * @param kept what a former life of the domain was saved with
 * @throws Error when that cannot be read
 */
export function createHooks(kept: Uint8Array | undefined): Hooks {
  let hooks: SaveHooks | undefined;
  let listener: ((interrupt: Interrupt) => void) | undefined;

  async function save(): Promise<ControlAnswer> {
    // `unoffered` tells a kernel that cannot from one that failed.
    if (hooks === undefined) return refuse('its kernel does not offer its state', { unoffered: true });
    const { save } = hooks;
    const state = await Promise.try(() => save.call(hooks)).catch((error: unknown) => {
      throw new Error(`its kernel failed to give its state: ${messageOf(error)}`);
    });
    return { ...OKAY, state: toBytes(state) };
  }

  function interrupt(sent: Interrupt): ControlAnswer {
    if (listener === undefined) return refuse('its kernel listens to none', { unoffered: true });
    listener(sent);
    return OKAY;
  }

  const messages: Readonly<Record<string, (body: ControlBody) => Promise<ControlAnswer> | ControlAnswer>> = {
    SAVE: save,
    RESUME() {
      hooks?.resume?.();
      return OKAY;
    },
    SYSRQ: ({ letter }) => interrupt({ kind: 'sysrq', letter: String(letter) }),
    NMI: () => interrupt({ kind: 'nmi' }),
  };

  return {
    restored: kept === undefined ? undefined : fromBytes(kept),
    onSave(offered) {
      hooks = offered;
    },
    onInterrupt(to) {
      listener = to;
    },
    handle: (subtype, body) => messages[subtype]?.(body) ?? refuse(`no message ${subtype}`),
  };
}

function fromBytes(kept: Uint8Array): unknown {
  try {
    return deserialize(kept);
  } catch (error) {
    throw new Error(`its saved state cannot be read: ${messageOf(error)}`);
  }
}
