/** Carrying somebody's claim to the nodes: needs no wallet, only the file and the network. */
import { decodeFileOf, openBundle, requireNoSurplus, verifySubmission, type Certificate, type Result } from '@dsm/core';
import { gatherCertificate, spreadFinal, type Client } from './gather.ts';

/** The Final of the claim in a file. `E_PENDING`: too few nodes answered, carry it again. */
export async function submitFile(client: Client, file: Uint8Array): Promise<Result<Certificate>> {
  const { suite, network } = client;
  const decoded = decodeFileOf(suite, 'claim', file);
  if (!decoded.ok) return decoded;
  const { content, items } = decoded.value;
  const bundle = openBundle(suite, items);
  if (!bundle.ok) return bundle;
  const { evidence } = bundle.value;
  const transition = verifySubmission({ suite, network, evidence }, content.state);
  if (!transition.ok) return transition;
  const surplus = requireNoSurplus(bundle.value);
  if (!surplus.ok) return surplus;
  const { body, operation } = transition.value;
  const { outcome: certificate } = await gatherCertificate(client, { hash: content.state, body, operation, items });
  if (certificate.ok) await spreadFinal(client, { certificate: certificate.value, body, operation });
  return certificate;
}
