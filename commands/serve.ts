// SPDX-License-Identifier: Apache-2.0
import { XmCommand } from '../src/cli/command.ts';
import { pipeThrough } from '../src/cli/pipe.ts';

export default class Serve extends XmCommand {
  static override description =
    'Pass requests from stdin to xend, and its answers to stdout.\nWhat is spoken is HTTP, XML-RPC at /RPC2 among it, so that a program may drive a distant xend through ssh.';
  static override examples = [
    'ssh host <%= config.bin %> serve',
    "printf 'GET /version HTTP/1.0\\r\\n\\r\\n' | <%= config.bin %> serve",
  ];

  async run() {
    await this.parse(Serve);
    const { socket } = await this.call('xend.status', {});
    return pipeThrough(socket, { linger: 0, collect: this.jsonEnabled() });
  }
}
