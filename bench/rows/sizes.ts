/** Bytes of every kind of file and message, beside the signatures in it. */
import type { SignatureAlgorithm } from '@dsm/core';
import { FILES, measureFiles, type FileName, type MeasuredFile } from '../fixtures/files.ts';
import type { Aim, Bench, SizeWork } from '../harness/bench.ts';
import { ALGORITHMS, shortName } from './signatures.ts';

/** DESIGN section 11: two signatures are 15,712 and 4,840 bytes of these. */
const AIMS: Partial<Record<SignatureAlgorithm, Aim>> = {
  'slh-dsa-sha2-128s': { bytesAtMost: 18_000 },
  'ml-dsa-44': { bytesAtMost: 6_500 },
};

function sizeWork({ bytes, signatures }: MeasuredFile): SizeWork {
  const total = signatures.reduce((sum, length) => sum + length, 0);
  const count = signatures.length === 1 ? 'its signature' : `its ${signatures.length} signatures`;
  const floor = { text: `${count}: ${total.toLocaleString('en')} bytes`, bytes: total };
  return { type: 'size', bytes, ...(total > 0 && { floor }) };
}

const sizeBench = (name: FileName, algorithm: SignatureAlgorithm): Bench => {
  const aim = name === 'two-turn payment compact' ? AIMS[algorithm] : undefined;
  return {
    section: 'bytes',
    signed: name !== 'offer compact',
    persisted: false,
    name: `${name}, ${shortName(algorithm)}`,
    about: FILES[name],
    ...(aim && { aim }),
    prepare: async (run) => sizeWork((await measureFiles(run, algorithm))[name]),
  };
};

export const sizeBenches: readonly Bench[] = ALGORITHMS.flatMap((algorithm) =>
  (Object.keys(FILES) as FileName[]).map((name) => sizeBench(name, algorithm)),
);
