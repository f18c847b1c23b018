// SPDX-License-Identifier: Apache-2.0
import type { XendConfig } from '../config/xend-config.ts';
import type { XendOptions } from './context.ts';
import type { RunPaths } from './paths.ts';

/** Settings by the keys of `xend-config.sxp` (spec/xend.md 5.6); an empty text is one that is not set. */
export type Settings = Readonly<Record<string, string | number>>;

const yesNo = (value: boolean): string => (value ? 'yes' : 'no');

/** Where this xend keeps things, which its environment decides, under the keys that once did. */
export function pathSettings({ log, socket, domainDir, stateDir, config }: RunPaths): Settings {
  return {
    'xend-config': config,
    logfile: log,
    'xend-unix-path': socket,
    'xend-domains-path': domainDir,
    'xend-state-path': stateDir,
  };
}

/** What its configuration says, defaults too. What is secret is in files, which are only named. */
export function configSettings({ xenstore, classPaths, tcp, metricsPort, values }: XendConfig): Settings {
  const server = 'xend-tcp-xmlrpc-server';
  return {
    xenstore: `persist ${yesNo(xenstore.persist)}`,
    'device-class': classPaths.join(' '),
    'metrics-port': metricsPort ?? '',
    ...values,
    'enable-dump': yesNo(values['enable-dump']),
    [server]: yesNo(tcp !== undefined),
    ...(tcp && {
      [`${server}-address`]: tcp.address,
      [`${server}-port`]: tcp.port,
      [`${server}-ssl-key-file`]: tcp.tls?.keyFile ?? '',
      [`${server}-ssl-cert-file`]: tcp.tls?.certFile ?? '',
      [`${server}-ssl-ca-file`]: tcp.tls?.caFile ?? '',
      [`${server}-token-file`]: tcp.tokenFile ?? '',
    }),
  };
}

/** What its configuration means for the supervisor. What is only known to the daemon, such as its ports, is not in it. */
export function configOptions(config: XendConfig): Omit<XendOptions, 'paths'> {
  const { xenstore, classPaths, values } = config;
  return {
    persistStore: xenstore.persist,
    classPaths,
    logLevel: values.loglevel,
    consoleHistory: values['console-limit'] * 1024,
    connectLimit: values['device-create-timeout'] * 1000,
    destroyLimit: values['device-destroy-timeout'] * 1000,
    dumpCrashed: values['enable-dump'],
    reservedMemory: values['dom0-min-mem'],
    ...(values.total_available_memory === 0 ? {} : { totalMemory: values.total_available_memory }),
    settings: configSettings(config),
  };
}
