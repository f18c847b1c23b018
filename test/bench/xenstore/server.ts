// SPDX-License-Identifier: Apache-2.0
import { startSupervisor } from '../supervisor.ts';

// A supervisor of its own process, so that its processor time can be told from the load's. Ends with its parent.
const { xend } = await startSupervisor();
process.send!(xend.status().xenstoreSocket);
process.on('disconnect', () => void xend.stop().then(() => process.exit(0)));
