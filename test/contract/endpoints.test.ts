// SPDX-License-Identifier: Apache-2.0
import { argoPair, loopbackPair, ringPair } from '../support/idc-pairs.ts';
import { endpointContract } from './endpoint.ts';

endpointContract('loopback', loopbackPair);
endpointContract('ring', ringPair);
endpointContract('argo', argoPair);
