// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { deviceRecords } from '../../../src/tui/own-records.ts';
import type { LogRecord } from '../../../src/xend/log-line.ts';

const record = (text: string): LogRecord => ({ time: 0, pid: 1, level: 'DEBUG', source: 'device-messages:78', text });
const ownOf = (device: string, texts: readonly string[], domid = 12, kind = 'vbd') =>
  deviceRecords({ class: kind, device, domid, domain: 'demo' }, texts.map(record)).map(({ text }) => text);

const CREATE_A = 'VBD_BE CREATE(domid=12, handle=51712, domainName=demo, name=xvda) to Domain-0 (0)';
const CREATE_B = 'VBD_BE CREATE(domid=12, handle=51728, domainName=demo, name=xvdb) to Domain-0 (0)';
const CONNECT_A = 'VBD_BE CONNECT(domid=12, handle=51712, frames=9, evtchn=12) to Domain-0 (0)';
const CONNECT_B = 'VBD_BE CONNECT(domid=12, handle=51728, frames=9, evtchn=13) to Domain-0 (0)';
const STATUS_A = 'VBD_FE INTERFACE_STATUS(handle=51712, status=CONNECTED, evtchn=3) to demo (12)';
const TOLD_A = 'VBD_FE INTERFACE_CONNECT(handle=51712) from demo (12)';
const UP = 'VBD_FE DRIVER_STATUS(UP) from demo (12)';
const ANSWERED = 'VBD_BE CONNECT answered by Domain-0 (0): OKAY';
const REFUSED = 'VBD_BE CONNECT answered by Domain-0 (0): status 1, no';
const ELSEWHERE = 'VBD_BE CONNECT(domid=1, handle=51712, frames=9, evtchn=12) to Domain-0 (0)';

describe('log records of a device', () => {
  test("are not those of the same domain's other devices", () => {
    const all = [CREATE_A, CREATE_B, UP, CONNECT_A, TOLD_A, CONNECT_B, STATUS_A];
    expect(ownOf('xvda', all)).toEqual([CREATE_A, UP, CONNECT_A, TOLD_A, STATUS_A]);
    expect(ownOf('xvdb', all)).toEqual([CREATE_B, UP, CONNECT_B]);
  });

  test('are not those of other domains, whose numbers begin or names end alike', () => {
    const others = [
      ELSEWHERE,
      'VBD_FE INTERFACE_STATUS(handle=51712, status=UP) to my demo (112)',
      'demo (12) says VBD_FE X',
    ];
    expect(ownOf('xvda', [CREATE_A, ...others])).toEqual([CREATE_A]);
  });

  test('an answer belongs to the question that was asked first', () => {
    expect(ownOf('xvda', [CREATE_A, CONNECT_A, CONNECT_B, ANSWERED, REFUSED])).toEqual([CREATE_A, CONNECT_A, ANSWERED]);
    expect(ownOf('xvda', [CREATE_A, ELSEWHERE, CONNECT_A, REFUSED, ANSWERED])).toEqual([CREATE_A, CONNECT_A, ANSWERED]);
    expect(ownOf('xvda', [ANSWERED, CREATE_A])).toEqual([CREATE_A]);
  });

  test('when the log does not say its number any more, they are those of its class', () => {
    expect(ownOf('xvda', [CONNECT_A, CONNECT_B, ELSEWHERE])).toEqual([CONNECT_A, CONNECT_B]);
    expect(ownOf('console', [CONNECT_A], 12, 'console')).toEqual([]);
  });

  test('are not those of a domain before that had the same number', () => {
    expect(ownOf('xvda', [CREATE_A, STATUS_A, 'Creating domain demo (id=12, 64 MB)', CREATE_A])).toEqual([CREATE_A]);
  });
});
