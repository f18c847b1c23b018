// SPDX-License-Identifier: Apache-2.0
import { argoPair, loopbackPair, ringPair } from '../support/idc-pairs.ts';
import { channelContract } from './channel.ts';

channelContract('loopback', loopbackPair);
channelContract('ring', ringPair);
channelContract('argo', argoPair);
