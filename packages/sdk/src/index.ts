/** Wallets, payments, links and machines for Node and browsers. */
export {};
