// SPDX-License-Identifier: Apache-2.0
import { domain, optionalFile } from '../../src/cli/args.ts';
import { XmCommand } from '../../src/cli/command.ts';
import { port } from '../../src/cli/port.ts';

export default class VsockForward extends XmCommand {
  static override description =
    'Put a port of a domain on a unix socket, for any program of the host.\nPrints its path. Each connection to the socket is one to the port; it is there as long as the domain. Domain-0 has to be allowed to talk to the domain: see idc-setup.';
  static override examples = [
    '<%= config.bin %> vsock forward web 80 /tmp/web.sock',
    'curl --unix-socket "$(<%= config.bin %> vsock forward web 80)" http://web/',
  ];
  static override args = {
    domain: domain(),
    port: port(),
    socket: optionalFile('Path of the socket. Default: one beside those of xend.'),
  };

  async run() {
    const { args } = await this.parse(VsockForward);
    const { socket, ...rest } = args;
    const forward = await this.call('vsock.forward', { ...rest, ...(socket && { path: socket }) });
    this.print(`${forward.path}\n`);
    return forward;
  }
}
