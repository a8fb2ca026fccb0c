// The shop asks, the phone pays, and anybody verifies the receipt.
import { readFile } from 'node:fs/promises';
import { memoryLink, must, openWallet, verify } from '@dsm/sdk';

const passphrase = 'something long';
const shop = must(await openWallet({ store: 'shop', passphrase }));
const alice = must(await openWallet({ store: 'alice', passphrase }));
const [phone, till] = memoryLink();

const request = must(await shop.request({ from: 'alice', amount: '2.50 MEAL', order: 'coffee' }));
const paying = alice.pay(phone, { confirm: ({ to, amount }) => to === 'shop' && amount.value <= 500n });
const receipt = must(await request.receive(till));
must(await paying);

const network = await readFile('net/network.json'); // all that a third party needs
const { grade, paid } = must(verify(receipt.proof, { network }));
console.log(`${paid?.amount.text} for ${paid?.order}: ${grade}`);
