/** Pieces that no encoder of the protocol makes: huge declared lengths, deep nesting, everything outside the subset. */
import { concatBytes } from '@dsm/core';
import type { Random } from '../../world/random.ts';
import { writeHeadOf, type Raw } from './tree.ts';

/** Lengths that must not be believed. */
export const DECLARED: readonly bigint[] = [
  0xffn,
  0xffffn,
  0x10_0000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x1f_ffff_ffff_ffffn,
  0x20_0000_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0xffff_ffff_ffff_ffffn,
];

/** A head that promises far more than follows: bytes, text, list, map. */
export const declaredLength = (major: number, length: bigint, rest: Uint8Array = Uint8Array.of(0)): Raw => ({
  raw: concatBytes([writeHeadOf(major, length, length > 0xffff_ffffn ? 8 : length > 0xffffn ? 4 : 2), rest]),
});

/** The same head `depth` times with something at the bottom. */
export function nested(head: Uint8Array, depth: number, bottom: Uint8Array): Raw {
  const raw = new Uint8Array(head.length * depth + bottom.length);
  for (let i = 0; i < depth; i++) raw.set(head, i * head.length);
  raw.set(bottom, head.length * depth);
  return { raw };
}

const OUTSIDE = [
  'f4',
  'f5',
  'f7',
  'f0',
  'f820',
  'f90000',
  'f98000',
  'f97c00',
  'f97e00',
  'fb3ff199999999999a',
  '20',
  '3bffffffffffffffff',
  'a0',
  'a1616101',
  'a2616101616101',
  'a1695f5f70726f746f5f5f80',
  'bf616100ff',
  '9f00ff',
  '5f4100ff',
  '7f6161ff',
  'ff',
  '1817',
  '1900ff',
  '1b0000000000000001',
  '580100',
  '780161',
  '9800',
  'c11a514b67b0',
  'c240',
  'c24100',
  'c248ffffffffffffffff',
  'c2c24100',
  'c349010000000000000000',
  'd8184100',
  'd9010080',
  '62c328',
  '63eda080',
  '1c',
  '5c',
  '',
].map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));

const HEADS = ['81', '82', '9f', 'a16161', 'c2', 'd81f', '9a00000001'].map((hex) =>
  Uint8Array.from(Buffer.from(hex, 'hex')),
);

export function hostilePiece(random: Random): Raw {
  switch (random.below(4)) {
    case 0:
      return declaredLength(2 + random.below(4), random.pick(DECLARED), random.bytes(random.below(5)));
    case 1:
      return nested(random.pick(HEADS), random.pick([1, 31, 32, 33, 200, 2_000]), Uint8Array.of(0));
    default:
      return { raw: random.pick(OUTSIDE) };
  }
}
