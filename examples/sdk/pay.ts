// Two wallets in one process: certified through the network, then reserved without it.
import { readFile } from 'node:fs/promises';
import { memoryLink, must, openWallet } from '@dsm/sdk';

const network = await readFile('net/network.json'); // dsm network up --nodes 4 --dir net
const passphrase = 'something long';
const shop = must(await openWallet({ store: 'shop', network, passphrase, name: 'shop' }));
const alice = must(await openWallet({ store: 'alice', network, passphrase, name: 'alice' }));
must(await shop.contacts.add(must(await alice.card())));
must(await alice.contacts.add(must(await shop.card())));

must(await shop.tokens.create({ symbol: 'MEAL' }));
must(await shop.tokens.mint('500 MEAL'));
must(await shop.pay({ to: 'alice', amount: '100 MEAL' })); // certified
must(await alice.sync());
must(await alice.reserve({ for: 'shop', amount: '20 MEAL', until: Date.now() + 30 * 86_400_000 }));

const [phone, till] = memoryLink(); // from here on no network is needed
const serving = shop.serve(till, { payments: 1 });
must(await alice.pay({ to: 'shop', amount: '7.50 MEAL', order: 'table 4' }, { link: phone }));
for (const { amount, from, grade } of must(await serving)) console.log(`${amount.text} from ${from}: ${grade}`);
