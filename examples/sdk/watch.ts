// The shop's wallet keeps itself up to date: it claims what was paid offline, and tells what happens.
import { must, openWallet } from '@dsm/sdk';

const shop = must(await openWallet({ store: 'shop', passphrase: 'something long' }));
const stop = new AbortController();
shop.on('received', ({ amount, from, grade }) => console.log(`${amount.text} from ${from}: ${grade}`));
shop.on('claim-due', ({ amount, lostAt }) => console.log(`${amount.text} lost at`, new Date(lostAt)));
shop.on('claimed', ({ amount }) => {
  console.log(`claimed ${amount.text}`);
  stop.abort();
});
must(await shop.watch({ signal: stop.signal }));
const { available } = must(await shop.balance('MEAL'));
console.log(`${available.text} to spend`);
