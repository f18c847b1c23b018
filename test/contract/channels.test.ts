// SPDX-License-Identifier: Apache-2.0
import { loopbackPair, ringPair } from '../support/idc-pairs.ts';
import { channelContract } from './channel.ts';

channelContract('loopback', loopbackPair);
channelContract('ring', ringPair);
