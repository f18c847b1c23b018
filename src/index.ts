// SPDX-License-Identifier: Apache-2.0

/** What kernels and device classes of one's own import as `xenidc`; programs get more, see `library.ts`. */
export {
  type AdvertisedEndpoint,
  type AdvertisingDomain,
  advertiseEndpoint,
  connectToEndpoint,
} from './advertise/advertise.ts';
export type {
  ArgoConnectOptions,
  ArgoDatagram,
  ArgoDatagrams,
  ArgoListenOptions,
  ArgoRingOptions,
  ArgoSource,
  ArgoStream,
  DomainArgo,
} from './argo/contract.ts';
export type { DeviceClass, DeviceConfig, Field } from './devices/contract.ts';
export { defineDevice, type OwnClass, type OwnField } from './devices/define.ts';
export { idcBack } from './devices/idc-back.ts';
export { idcFront } from './devices/idc-front.ts';
export type { BlockDevice } from './devices/vbd/contract.ts';
export type {
  BackContext,
  BackInterface,
  Domain,
  DomainConsole,
  DomainDevice,
  DomainDevices,
  DomainIdc,
  FrontContext,
  FrontInterface,
  Interrupt,
  Kernel,
  SaveHooks,
  ShutdownReason,
} from './domain/contract.ts';
export { defineKernel } from './domain/kernel.ts';
export { XmError } from './errors.ts';
export {
  ARGO_DOMID_ANY,
  ARGO_FLAG,
  ARGO_LAYOUT,
  ARGO_LIMITS,
  type ArgoAddress,
  type ArgoErrno,
  type ArgoMessage,
  type ArgoRing,
} from './hv/argo-contract.ts';
export { type FramePool, type FrameVector, PAGE_SIZE } from './hv/contract.ts';
export { REFERENCE_BYTES, type Registration, type Rights } from './hv/lending-contract.ts';
export type { LocalBuffer } from './idc/buffers/contract.ts';
export { slice } from './idc/buffers/local-buffer.ts';
export type { PagePool } from './idc/buffers/pages.ts';
export type {
  CallResult,
  ChannelKind,
  Endpoint,
  EndpointHandlers,
  ReadResult,
  ReadTarget,
  ReceivedMessage,
  ReceivedTransaction,
  Transaction,
} from './idc/contract.ts';
export { TRANSPORT } from './idc/contract.ts';
export type { RegisterOptions, RemoteBuffers } from './idc/remote-contract.ts';
export type { Listener, ListenOptions, RendezvousOptions } from './idc/rendezvous.ts';
export type { Guest } from './idc/rendezvous-listen.ts';
export type {
  ListenVchanOptions,
  Vchan,
  VchanClientOptions,
  VchanEnd,
  VchanSizes,
  VchanState,
  Vchans,
} from './vchan/contract.ts';
export type {
  ConnectOptions as VsockConnectOptions,
  LinkReport,
  Peer,
  Transport,
  VsockConnection,
  VsockListener,
  VsockServer,
  VsockSocket,
  Vsocks,
} from './vsock/contract.ts';
