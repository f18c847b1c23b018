// SPDX-License-Identifier: Apache-2.0
import type { VsockLinkInfo, XendApi } from '../../xend/contract.ts';

const WIDTHS = [16, 4, 20, 9, 7, 5] as const;

function row(cells: readonly string[], last: string): string {
  const padded = WIDTHS.map((width, index) => {
    const cell = cells[index] ?? '';
    return index === 1 || index === 5 ? cell.padStart(width) : cell.padEnd(width);
  });
  return `${padded.join(' ')}  ${last}`.trimEnd().concat('\n');
}

/** `xm vsock list`: a line for each end of a link; nothing at all without any. */
export function linkTable(links: readonly VsockLinkInfo[]): string {
  if (links.length === 0) return '';
  const line = ({ domain, domid, peer, peerId, transport, state, connections, problem }: VsockLinkInfo) =>
    row([domain, String(domid), `${peer} (${peerId})`, transport, state, String(connections)], problem || '-');
  return row(['Domain', 'ID', 'Peer', 'Over', 'State', 'Conns'], 'Last problem') + links.map(line).join('');
}

/** `xm idc-setup`. */
export function setupLines({ pairs, transport }: XendApi['vsock.setup']['result']): string {
  return pairs.map(([one, other]) => `${one} and ${other} may talk to each other, over ${transport}\n`).join('');
}
