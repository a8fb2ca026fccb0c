/** Every command: what its help says and where its code is. The code is loaded when the command is called. */
import type { Section } from '../spec.ts';
import { NETWORK_SECTION } from './table/network.ts';
import { PAYMENT_SECTION } from './table/payments.ts';
import { RECORD_SECTION } from './table/records.ts';
import { WALLET_SECTION } from './table/wallet.ts';

export const SECTIONS: readonly Section[] = [NETWORK_SECTION, WALLET_SECTION, PAYMENT_SECTION, RECORD_SECTION];
