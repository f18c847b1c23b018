// SPDX-License-Identifier: Apache-2.0
import type { Port } from '../port.ts';

/** Many lines over one port: a port for each line of each domain would have every wake-up of a thread look at thousands. */
export interface Trunk {
  /**
   * This end of a line; the other end opens it by the same number, before anything is sent to it.
   *
   * @param run delivers what comes, e.g. in the name of a domain
   */
  open(line: number, run?: (deliver: () => void) => void): Port;
  /** The port is gone: all lines close. */
  end(): void;
}

/** What goes over the port: a line and a message on it, or a line alone when it is closed. */
type Packet = readonly [line: number, message?: unknown];

/** The port itself. */
interface Carrier {
  postMessage(packet: Packet): void;
  on(event: 'message', listener: (packet: Packet) => void): unknown;
}

interface Line {
  deliver(message: unknown): void;
  closed(): void;
}

/**
 * Makes this end of a trunk; the other end does the same.
 *
 * @param read takes what has arrived at the port and was not handed over yet, if that can be done
 */
export function createTrunk(carrier: Carrier, read: () => Packet | undefined = () => undefined): Trunk {
  const lines = new Map<number, Line>();

  function receive(packet: Packet): void {
    const line = lines.get(packet[0]);
    if (packet.length === 1) line?.closed();
    else line?.deliver(packet[1]);
  }

  carrier.on('message', receive);

  return {
    open(number, run = (deliver) => deliver()) {
      const onMessage: ((message: never) => void)[] = [];
      const onClose: (() => void)[] = [];
      const line: Line = {
        deliver(message) {
          for (const listener of onMessage) run(() => listener(message as never));
        },
        closed() {
          if (lines.get(number) === line) lines.delete(number);
          for (const listener of onClose.splice(0)) run(listener);
        },
      };
      lines.set(number, line);
      function on(event: 'message' | 'close', listener: (message: never) => void): void {
        if (event === 'message') onMessage.push(listener);
        else onClose.push(listener as () => void);
      }
      return {
        postMessage(message) {
          if (lines.get(number) === line) carrier.postMessage([number, message]);
        },
        on,
        once: on,
        // Of all lines: they arrive in one order.
        deliver() {
          for (let packet = read(); packet !== undefined; packet = read()) receive(packet);
        },
        close() {
          if (lines.get(number) !== line) return;
          carrier.postMessage([number]);
          lines.delete(number);
          // As with a MessagePort: not in the middle of what the caller does.
          queueMicrotask(line.closed);
        },
      };
    },
    end() {
      for (const line of [...lines.values()]) line.closed();
    },
  };
}
