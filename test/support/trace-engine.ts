// SPDX-License-Identifier: Apache-2.0
import type { TraceEvent } from '../../src/trace/events.ts';

/** What the importer of Chrome's developer tools makes of a trace, as far as tests look at it. */
export interface ImportedTrace {
  /** Arrows: the spans that each of them joins, in time. */
  readonly Flows: { readonly flows: readonly (readonly TraceEvent[])[] };
  /** Spans by process and thread. */
  readonly Renderer: {
    readonly processes: ReadonlyMap<
      number,
      {
        readonly threads: ReadonlyMap<
          number,
          { readonly name: string | null; readonly entries: readonly TraceEvent[] }
        >;
      }
    >;
  };
}

interface TraceModel {
  parse(events: readonly TraceEvent[]): Promise<void>;
  parsedTrace(): { readonly data: ImportedTrace } | null;
}

interface Engine {
  readonly TraceModel: { readonly Model: { createWithAllHandlers(): TraceModel } };
}

/** The package; as a variable, since types are looked for otherwise where it is not installed. */
const PACKAGE: string = '@paulirish/trace_engine';

/** The engine of the Performance panel of Chrome's developer tools, which is a package of its own; undefined where that is not installed. */
export async function loadTraceEngine(): Promise<
  ((events: readonly TraceEvent[]) => Promise<ImportedTrace>) | undefined
> {
  // It was made for browsers.
  if (!('DOMRect' in globalThis)) Object.assign(globalThis, { DOMRect: class {} });
  const engine: Engine | undefined = await import(PACKAGE).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  });
  return (
    engine &&
    (async (events) => {
      const model = engine.TraceModel.Model.createWithAllHandlers();
      await model.parse(events);
      const parsed = model.parsedTrace();
      if (parsed === null) throw new Error('the importer made nothing of it');
      return parsed.data;
    })
  );
}
