// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { ARGO_FLAG, ARGO_LAYOUT, type ArgoRing } from '../../../src/hv/argo-contract.ts';
import { PAGE_SIZE } from '../../../src/hv/contract.ts';
import { startArgo } from '../../support/argo.ts';

const PORT = 1;
/** A ring of 32 pages, less what XTF takes off for headers. */
const LENGTH = 32 * PAGE_SIZE - 80;
const TEXT = Buffer.from('A simple thing to send\n');
const TYPE = 0x12345678;

/** One domain that talks to itself, as XTF's has nobody else. */
function alone() {
  const all = startArgo([5]);
  return { ...all, argo: all.argo(5), [Symbol.dispose]: () => all[Symbol.dispose]() };
}

type Alone = ReturnType<typeof alone>;

async function flagsOf({ argo }: Alone): Promise<number> {
  const [status] = await argo.notify([{ domid: 5, aport: PORT, spaceRequired: 0 }]);
  return status!.flags;
}

const register = ({ argo }: Alone): Promise<ArgoRing> => argo.register(PORT, 5, LENGTH, { failExist: true });
const unregister = ({ argo }: Alone): Promise<void> => argo.unregister(PORT, 5);

/** The cases of the Argo test of XTF, by the names of its functions and in its order. */
describe('XTF, tests/argo', () => {
  test('probe_for_argo: a ring of one byte is EINVAL', async () => {
    using all = alone();
    await expect(all.argo.register(PORT, 5, 1)).rejects.toMatchObject({ code: 'EINVAL' });
  });

  test('test_notify_for_one_ring: where there is none no flag is set', async () => {
    using all = alone();
    expect(await flagsOf(all)).toBe(0);
  });

  test('test_unregister_ring: where there is none it is ENOENT', async () => {
    using all = alone();
    await expect(unregister(all)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('test_register_ring: 32 pages, new; it exists until it is unregistered, once', async () => {
    using all = alone();
    await register(all);
    expect((await flagsOf(all)) & ARGO_FLAG.exists).toBe(ARGO_FLAG.exists);
    await unregister(all);
    expect(await flagsOf(all)).toBe(0);
    await expect(unregister(all)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('test_sendv: a message to oneself is as long as it is said to be', async () => {
    using all = alone();
    await register(all);
    const self = { domid: 5, aport: PORT };
    expect(await all.argo.send(self, self, [TEXT], TYPE)).toBe(TEXT.length);
  });

  test('inspect_ring_after_first_single_sendv: pointers, header and bytes', async () => {
    using all = alone();
    const ring = await register(all);
    const self = { domid: 5, aport: PORT };
    await all.argo.send(self, self, [TEXT], TYPE);
    const view = new DataView(ring.buffer);
    const { rxPtr, txPtr, data, message } = ARGO_LAYOUT;
    expect(view.getUint32(rxPtr, true)).toBe(0);
    expect(view.getUint32(txPtr, true)).toBe(Math.ceil((16 + TEXT.length) / 16) * 16);
    expect(view.getUint32(data + message.length, true)).toBe(16 + TEXT.length);
    expect(view.getUint32(data + message.aport, true)).toBe(PORT);
    expect(view.getUint16(data + message.domid, true)).toBe(5);
    expect(view.getUint16(data + message.pad, true)).toBe(0);
    expect(view.getUint32(data + message.type, true)).toBe(TYPE);
    expect(Buffer.from(ring.buffer, data + message.payload, TEXT.length)).toEqual(TEXT);
    expect((await flagsOf(all)) & ARGO_FLAG.exists).toBe(ARGO_FLAG.exists);
    await unregister(all);
    await expect(unregister(all)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
