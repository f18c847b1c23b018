// SPDX-License-Identifier: Apache-2.0
/**
 * What xend offers its clients. One service behind it; the command line reaches it as `POST /api/METHOD` with a JSON
 * parameter object on the unix socket {@link RunPaths.socket} (answer: the JSON result, or `{error: ApiError}` with
 * status 400, 404 or 500). Types only, so that a short command loads nothing.
 */

/** One domain as `xm list` shows it. */
export interface DomainInfo {
  readonly domid: number;
  readonly name: string;
  readonly uuid: string;
  /** Quota in MB. */
  readonly memory: number;
  /** Those that are online. */
  readonly vcpus: number;
  /** Pool of threads in which it lives. */
  readonly pool?: string;
  /** Six characters `rbpscd`, `-` where not (spec/xend.md 2.6): running blocked paused shutdown crashed dying. */
  readonly state: string;
  /** Where it stands in its life; absent in answers of older xends. */
  readonly phase?: 'building' | 'paused' | 'running' | 'shutdown' | 'crashed' | 'dying';
  /** It ended and stays to be looked at. */
  readonly preserved?: boolean;
  /** CPU seconds used by the domain's thread. */
  readonly cpuTime: number;
  /** Seconds since 1970 at which it was built. */
  readonly startTime: number;
  readonly uptime: number;
  /** Why it stopped, when it did: `poweroff`, `reboot`, `crash: MESSAGE`. */
  readonly shutdownReason?: string;
  /** Whether xend keeps its configuration. */
  readonly managed?: true;
}

/** A managed domain that is not there, as `xm list` shows it: what it would be. */
export interface DormantInfo extends Pick<DomainInfo, 'name' | 'uuid' | 'memory' | 'vcpus' | 'pool'> {
  readonly state: '';
  readonly cpuTime: 0;
  readonly managed: true;
  /** It goes on with `xm resume`. */
  readonly suspended?: true;
  readonly domid?: undefined;
  readonly uptime?: undefined;
  readonly shutdownReason?: undefined;
}

/** A line of `xm list`. */
export type ListedDomain = DomainInfo | DormantInfo;

/** A domain named as the user typed it: domid, name or uuid. */
export interface DomainArg {
  readonly domain: string;
}

/** Where a text came from, so that messages can name it and relative paths can be resolved. */
export interface ConfigText {
  readonly text: string;
  /** As the user typed it, for messages. */
  readonly file: string;
  /** Absolute directory against which relative paths are resolved. */
  readonly directory: string;
  /** Which of many copies is meant: it stands for each `%d` of an SXP text or, if there is none, is appended to names after a `-`. */
  readonly number?: number;
  /** `sxp` if it is nothing else; absent, it is recognised. */
  readonly format?: 'sxp' | undefined;
  /** `NAME=VALUE` each: variables of a Python-style configuration. */
  readonly variables?: readonly string[] | undefined;
}

/** Outcome of checking a text. `report` is ready to print (all findings, with carets, and the last newline); empty when there is nothing to say. */
export interface CheckResult {
  readonly ok: boolean;
  readonly report: string;
  readonly errors: number;
  readonly warnings: number;
  readonly diagnostics: readonly {
    readonly severity: 'error' | 'warning';
    readonly code: string;
    readonly message: string;
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly hint?: string;
  }[];
  /** The `(vm ...)` forms, pretty-printed, when ok. */
  readonly sxp?: string;
}

/** Domains: their life, their files, and the texts that they are made from. */
export interface DomainApi {
  /**
   * Builds the domains of a configuration, connects their devices (waits for them) and, unless `paused`, starts them, one
   * after another in the order of the text; nothing stays when one of them fails.
   */
  'domain.create': {
    params: ConfigText & {
      readonly paused?: boolean;
      /** Seconds that all of it may take. Default: for each domain as many as a device may take to connect. */
      readonly timeout?: number;
    };
    result: { readonly domains: readonly DomainInfo[]; readonly report: string };
  };
  /** Checks domains and keeps them, until they are deleted; they are not started. All or none. */
  'domain.new': { params: ConfigText; result: { readonly domains: readonly ListedDomain[]; readonly report: string } };
  /** Builds a managed domain and, unless `paused`, starts it; within `timeout` seconds (default: 20). */
  'domain.start': {
    params: DomainArg & { readonly paused?: boolean; readonly timeout?: number };
    result: DomainInfo;
  };
  /** Forgets a managed domain, which may not be there. */
  'domain.delete': { params: DomainArg; result: null };
  /** What `xm list` shows: domains that are there and managed ones that are not. Without names: all, by name. */
  'domain.all': { params: { readonly names?: readonly string[] }; result: readonly ListedDomain[] };
  /** Those that are there. Without names: all, by name; with names: as given, `ENODOMAIN` for an unknown one. */
  'domain.list': { params: { readonly names?: readonly string[] }; result: readonly DomainInfo[] };
  /** `(domain ...)` records pretty-printed, one after another, and the same as JSON. */
  'domain.records': {
    params: { readonly names?: readonly string[] };
    result: { readonly sxp: string; readonly records: readonly Record<string, unknown>[] };
  };
  'domain.pause': { params: DomainArg; result: null };
  'domain.unpause': { params: DomainArg; result: null };
  /** Gives a domain another name; its kernel hears nothing of it. */
  'domain.rename': { params: DomainArg & { readonly name: string }; result: null };
  /**
   * Asks the kernel to end, and ends it when it has not after `timeout` seconds (default 30). With `wait` the call returns when
   * the domain is gone, or runs again if it is to be restarted; it fails when that fails.
   */
  'domain.shutdown': {
    params: DomainArg & {
      readonly reason: 'poweroff' | 'reboot' | 'halt';
      readonly wait?: boolean;
      readonly timeout?: number;
    };
    /**
     * `again`: it was restarted and runs, which is up to its `on_reboot` and `on_poweroff`. `forced`: it did not end by itself within so
     * many seconds.
     */
    result: { readonly done: boolean; readonly again: boolean; readonly forced?: number };
  };
  /** Ends it at once. Returns when nothing of it is left. */
  'domain.destroy': { params: DomainArg; result: null };
  /**
   * Writes a running domain to a file (absolute), and ends it unless `checkpoint`. Its kernel has `timeout` seconds (default 20) to
   * give its state. What fails leaves no file and lets the domain go on.
   */
  'domain.save': {
    params: DomainArg & { readonly path: string; readonly checkpoint?: boolean; readonly timeout?: number };
    result: { readonly path: string };
  };
  /** Makes the domain of such a file again; all or nothing. The file stays. */
  'domain.restore': { params: { readonly path: string; readonly paused?: boolean }; result: DomainInfo };
  /** Saves a managed domain where xend finds it, and ends it; see `domain.save`. */
  'domain.suspend': { params: DomainArg & { readonly timeout?: number }; result: null };
  /** Lets it go on. */
  'domain.resume': { params: DomainArg & { readonly paused?: boolean }; result: DomainInfo };
  /**
   * Writes what a domain has (pages, grant table, event channels, configuration, last output) to a file, `path` (absolute) or one
   * that xend names. It pauses meanwhile unless `live`; then it goes on, or is destroyed or rebooted at once.
   */
  'domain.dump': {
    params: DomainArg & { readonly path?: string; readonly live?: boolean; readonly after?: 'destroy' | 'reset' };
    result: { readonly path: string };
  };
  /** Changes the quota of a running domain, MB: refused when it uses more than that, or its maximum or the machine has less. */
  'domain.setMemory': { params: DomainArg & { readonly memory: number }; result: null };
  /** Changes up to which its quota may be raised, MB. Nothing is promised by it. */
  'domain.setMaxMemory': { params: DomainArg & { readonly memory: number }; result: null };
  /** Reboots it without asking it; returns when what its `on_reboot` says is done. */
  'domain.reset': { params: DomainArg; result: null };
  /** Sends a letter to its kernel, which does what it does with it. */
  'domain.sysrq': { params: DomainArg & { readonly letter: string }; result: null };
  /** What a button or a line of a machine does. `vcpu` counts from 0, which it is unless said. */
  'domain.trigger': {
    params: DomainArg & { readonly trigger: string; readonly vcpu?: number };
    result: null;
  };
  /** Path of the unix socket on which the console's bytes flow; one client at a time. */
  'domain.console': {
    params: DomainArg;
    result: { readonly path: string; readonly domid: number; readonly name: string };
  };
  /**
   * What the console said so far, also of a domain that crashed and is preserved: `bytes` in base64, before which `lost` bytes
   * are not kept any more; the first `shown` of them were read from the console's socket.
   */
  'domain.consoleLog': {
    params: DomainArg;
    result: {
      readonly domid: number;
      readonly name: string;
      readonly lost: number;
      readonly shown: number;
      readonly bytes: string;
    };
  };
  /** The parameters that a Python-style configuration asks for, in its order; SXP asks for none. `xm create --help_config`. */
  'config.parameters': {
    params: Pick<ConfigText, 'text' | 'file'>;
    result: { readonly parameters: readonly { readonly name: string; readonly use?: string }[] };
  };
  /** Parses and checks a configuration without using it; `xm validate` and `xm create -n`. */
  'config.check': {
    params: ConfigText & {
      /** A text that is xend's own configuration is taken for that. */
      readonly any?: boolean;
    };
    result: CheckResult;
  };
}
