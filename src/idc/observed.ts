// SPDX-License-Identifier: Apache-2.0
import type { EndpointHandlers } from './contract.ts';

/** What happens in an endpoint's life, in the order of spec/idc.md 1.3 C. */
export type EndpointNews = 'appear' | 'connect' | 'disconnect' | 'disappear';

/** Handlers that first tell an observer what happens. */
export function observed(handlers: EndpointHandlers, tell: (news: EndpointNews) => void): EndpointHandlers {
  return {
    ...handlers,
    onAppear() {
      tell('appear');
      handlers.onAppear?.();
    },
    onConnect() {
      tell('connect');
      handlers.onConnect?.();
    },
    onDisconnect(done) {
      tell('disconnect');
      if (handlers.onDisconnect) handlers.onDisconnect(done);
      else done();
    },
    onDisappear() {
      tell('disappear');
      handlers.onDisappear?.();
    },
  };
}
