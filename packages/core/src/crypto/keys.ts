/** Public and secret signature keys. Every key carries its algorithm (spec ENC-6). */

export type SignatureAlgorithm = 'slh-dsa-sha2-128f' | 'slh-dsa-sha2-128s' | 'ml-dsa-44';

interface AlgorithmFacts {
  /** Number in the encoding of a key. */
  readonly id: number;
  readonly publicKeyBytes: number;
  readonly signatureBytes: number;
}

/** FIPS 205 table 2, FIPS 204 table 2. */
export const SIGNATURE_ALGORITHMS: Readonly<Record<SignatureAlgorithm, AlgorithmFacts>> = {
  'slh-dsa-sha2-128f': { id: 1, publicKeyBytes: 32, signatureBytes: 17_088 },
  'slh-dsa-sha2-128s': { id: 2, publicKeyBytes: 32, signatureBytes: 7_856 },
  'ml-dsa-44': { id: 3, publicKeyBytes: 1_312, signatureBytes: 2_420 },
};

export interface PublicKey {
  readonly algorithm: SignatureAlgorithm;
  readonly bytes: Uint8Array;
}

/**
 * `bytes` is the implementation-neutral private key: FIPS 205 `SK.seed‖SK.prf‖PK.seed‖PK.root` (64 bytes) for
 * SLH-DSA, the 32-byte FIPS 204 seed ξ for ML-DSA.
 */
export interface SecretKey {
  readonly algorithm: SignatureAlgorithm;
  readonly bytes: Uint8Array;
}

const BY_ID = new Map<number, SignatureAlgorithm>(
  (Object.keys(SIGNATURE_ALGORITHMS) as SignatureAlgorithm[]).map((name) => [SIGNATURE_ALGORITHMS[name].id, name]),
);

export const algorithmById = (id: number): SignatureAlgorithm | undefined => BY_ID.get(id);

export const isSignatureAlgorithm = (text: string): text is SignatureAlgorithm =>
  Object.hasOwn(SIGNATURE_ALGORITHMS, text);
