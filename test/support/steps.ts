// SPDX-License-Identifier: Apache-2.0
import type { Device } from '../../src/xend/device.ts';
import { DEVICE_TABLE, type DeviceStep } from '../../src/xend/device-table.ts';
import type { XendDomain } from '../../src/xend/domain.ts';
import { startXend, type TestXend } from './xend.ts';

/** Labels of the steps with which a device of a class is created and connected. */
export const connectSteps = (name: string): readonly string[] =>
  labels(name, [
    ...DEVICE_TABLE.new.attach!.steps,
    ...DEVICE_TABLE.waiting.frontUp!.steps,
    ...DEVICE_TABLE.offered.frontConnect!.steps,
  ]);

/** Labels of the steps with which a connected device is removed. */
export const detachSteps = (name: string): readonly string[] => labels(name, DEVICE_TABLE.connected.detach!.steps);

/** Labels of the steps with which a connected device comes to rest and is connected again. */
export const suspendSteps = (name: string): readonly string[] => [
  ...new Set([
    ...labels(name, DEVICE_TABLE.connected.suspend!.steps),
    ...labels(name, [...DEVICE_TABLE.waiting.frontUp!.steps, ...DEVICE_TABLE.offered.frontConnect!.steps]),
  ]),
];

const comeBack = DEVICE_TABLE.unserved.backUp!.steps;

/** Labels of the steps with which a device whose back end was gone is connected again. */
export const returnSteps = (name: string): readonly string[] => [
  // Before it changes, its back end is the one that was gone already.
  ...labels(name, comeBack.slice(comeBack.indexOf('changeBack') + 1)),
  ...showSteps(name),
];

/** Labels of the steps with which a connected device gets another back end; `how` is orderly or by force. */
export const moveSteps = (name: string, how: 'move' | 'seize'): readonly string[] => [
  ...labels(name, DEVICE_TABLE.connected[how]!.steps),
  ...showSteps(name),
];

const showSteps = (name: string): readonly string[] =>
  labels(name, [...DEVICE_TABLE.waiting.show!.steps, ...DEVICE_TABLE.offered.frontConnect!.steps]);

const labels = (name: string, steps: readonly DeviceStep[]): readonly string[] =>
  steps.map((step) => `${name}.${step}`);

/** How a domain ends in the middle of something: by itself, before the step runs, or by xend, while it runs. */
export const ENDINGS = ['terminate', 'destroy'] as const;
export type Ending = (typeof ENDINGS)[number];

/** A supervisor in which a domain can be made to end at a labelled step. */
export interface SteppedXend extends TestXend {
  /** From now on: the next time that `label` comes, the front's or the back's domain ends. @returns whether it came */
  endAt(label: string, end: 'front' | 'back', how: Ending): () => boolean;
  /** Resolves when nothing is left of the domain that ended last in this way. */
  ended(): Promise<void>;
}

/** Starts such a supervisor. */
export async function startSteppedXend(): Promise<SteppedXend> {
  let armed: { readonly label: string; readonly strike: (device: Device) => Promise<void> | void } | undefined;
  let victim: XendDomain | undefined;
  const xend = await startXend({
    onStep(label, device) {
      if (label !== armed?.label) return;
      const { strike } = armed;
      armed = undefined;
      return strike(device);
    },
  });
  return {
    ...xend,
    ended: async () => victim?.gone.promise,
    endAt(label, end, how) {
      let came = false;
      armed = {
        label,
        async strike(device) {
          came = true;
          const domain = device[end] as XendDomain;
          victim = domain;
          if (how === 'terminate') await domain.thread?.kill();
          // What it waits for is the very step that waits for us.
          else void xend.call('domain.destroy', { domain: String(domain.domid) });
        },
      };
      return () => came;
    },
  };
}
