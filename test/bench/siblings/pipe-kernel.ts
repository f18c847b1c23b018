// SPDX-License-Identifier: Apache-2.0
import type { Domain } from '../../../src/domain/contract.ts';
import { drive, type Pipe, serve, type Task } from './pipe.ts';

/** How the two ends of a pair make their pipe; each gets the other one's number. */
export interface Ways {
  /** @param offered to be called when the other end may connect */
  readonly serve: (dom: Domain, peer: number, offered: () => void) => Promise<Pipe>;
  readonly connect: (dom: Domain, peer: number) => Promise<Pipe>;
}

/** Both ends. Serves the domain `peer`; without one it connects to who is named on its console, and carries out the tasks there. */
export async function runPipe(dom: Domain, ways: Ways): Promise<never> {
  if (dom.args.peer !== undefined) {
    return serve(await ways.serve(dom, Number(dom.args.peer), () => dom.console.write('offered\n')));
  }
  let pipe: Promise<Pipe> | undefined;
  const carryOut = async (line: string): Promise<void> => {
    pipe ??= ways.connect(dom, Number(line));
    const said = line.startsWith('{') ? await drive(await pipe, JSON.parse(line) as Task) : 'connected';
    await pipe;
    dom.console.write(`${said}\n`);
  };
  dom.console.onData((data) => void carryOut(new TextDecoder().decode(data)));
  return new Promise<never>(() => {});
}
