// SPDX-License-Identifier: Apache-2.0
import { serveSocket } from './socket-end.ts';

/** The other process of a unix socket: `socket-process.ts PATH BYTES`. Tells its parent when it listens; ends with it. */
const [path, messageBytes] = process.argv.slice(2);
process.on('disconnect', () => process.exit());
await serveSocket(path!, Number(messageBytes));
process.send!('listening');
