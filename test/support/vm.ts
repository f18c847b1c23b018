// SPDX-License-Identifier: Apache-2.0
import type { EndAction } from '../../src/config/contract.ts';
import type { Sxp } from '../../src/sxp/contract.ts';
import { prettyPrint } from '../../src/sxp/pretty.ts';

/** A disk of a test domain. */
export interface DiskSpec {
  /** Path of the image. */
  readonly file: string;
  readonly dev: string;
  /** `r` unless said otherwise. */
  readonly mode?: 'r' | 'w' | 'w!';
  /** Name of the domain that serves it, if that is not Domain-0. */
  readonly backend?: string;
}

/** What a test says about a domain; the rest is as in {@link vmText}. */
export interface VmSpec {
  readonly name: string;
  /** Default: `shell`. */
  readonly kernel?: string;
  readonly args?: string;
  /** MB; 32 unless said otherwise. */
  readonly memory?: number;
  /** `dedicated` unless said otherwise. */
  readonly pool?: string;
  readonly disks?: readonly DiskSpec[];
  /** Classes it serves. */
  readonly backends?: readonly string[];
  /** Addresses of the IDC API. */
  readonly addresses?: readonly string[];
  readonly onPoweroff?: EndAction;
  readonly onReboot?: EndAction;
  readonly onCrash?: EndAction;
}

/** The `(vm ...)` text of a test domain. */
export function vmText(spec: VmSpec): string {
  const { name, kernel = 'shell', args, memory = 32, pool = 'dedicated', disks = [], backends = [] } = spec;
  const actions = [
    ['on_poweroff', spec.onPoweroff],
    ['on_reboot', spec.onReboot],
    ['on_crash', spec.onCrash],
  ] as const;
  const form: Sxp = [
    'vm',
    ['name', name],
    ['memory', memory],
    ['pool', pool],
    ['image', ['js', ['kernel', kernel], ...(args === undefined ? [] : [['args', args]])]],
    ...(backends.length === 0 ? [] : [['backend', [...backends]]]),
    ...(spec.addresses ?? []).map((address): Sxp => ['idc', address]),
    ...actions.flatMap(([field, action]) => (action === undefined ? [] : [[field, action]])),
    ...disks.map((disk): Sxp => ['device', diskForm(disk)]),
  ];
  return prettyPrint(form);
}

function diskForm({ file, dev, mode = 'r', backend }: DiskSpec): Sxp {
  const fields: Sxp[] = [
    ['uname', `file:${file}`],
    ['dev', dev],
    ['mode', mode],
  ];
  return ['vbd', ...fields, ...(backend === undefined ? [] : [['backend', backend]])];
}
