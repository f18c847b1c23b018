// SPDX-License-Identifier: Apache-2.0
import { defineKernel } from 'xenidc';

/** Greets on the console, says what devices there are, and ends. */
export default defineKernel(async (dom) => {
  dom.console.write(`Hello ${dom.args.to ?? 'world'}, from domain ${dom.domid} (${dom.name}).\r\n`);
  for (const device of dom.devices.list()) dom.console.write(`  ${device.class} ${device.name}\r\n`);
  return 'poweroff';
});
