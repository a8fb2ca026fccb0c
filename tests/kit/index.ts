/**
 * Test kit: the protocol at hand in a few calls, with real and fast keys (ML-DSA-44) and no I/O.
 *
 *     const net = makeNetwork();                        // four nodes, f = 1
 *     const canteen = makeDevice(net, 'canteen');       // identity, account, card
 *     const { token } = createToken(net, canteen);      // MEAL, 2 digits, cap 1,000,000
 *     const alice = makeFundedDevice(net, 'alice', canteen, token, 10_000n);
 *     const step = transfer(net, alice, bob.account, token, 250n);     // certified by all four nodes
 *     verifyProvenance(contextOf(net, step.items), step.hash);         // the world is the evidence
 *     submissionOf(net, step);                                         // what a node that knows nothing needs
 *
 * Steps move the device (`device.tip`, `device.tree`); `copyDevice` first to fork it. `sign…` leaves a step
 * uncertified. `forgeStep` breaks a rule under a correct signature. Items of a step go before the world:
 * `contextOf(net, step.items)`. Time is `net.nowMs`; set it.
 */
export * from './account.ts';
export * from './counting.ts';
export * from './device.ts';
export * from './network.ts';
export * from './reservation.ts';
export * from './step.ts';
