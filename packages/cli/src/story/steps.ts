/**
 * The story as data: chapters of shell lines that a reader can repeat in an empty directory, in this order. Besides
 * `dsm` only `cp -r`, `kill` and `&` occur.
 */

export interface Step {
  /** The line as a person would type it. */
  readonly line: string;
  /** What it shows, in a sentence. */
  readonly note?: string;
  /** Grade that the answer must carry. */
  readonly grade?: 'certified' | 'reserved' | 'provisional';
  /** The line is expected to be refused with this code. */
  readonly refused?: string;
}

export interface Chapter {
  readonly title: string;
  readonly steps: readonly Step[];
}

const NETWORK_UP = 'dsm network up --nodes 4 --dir net &';
const PEOPLE = ['canteen', 'till', 'alice', 'bob', 'carol'] as const;

/** Who must know whom before the network goes away. */
const INTRODUCTIONS: readonly (readonly [string, string])[] = [
  ['canteen', 'alice'],
  ['alice', 'till'],
  ['alice', 'bob'],
  ['alice', 'carol'],
  ['till', 'alice'],
  ['bob', 'alice'],
  ['carol', 'alice'],
];

const setUp: Chapter = {
  title: 'Four directory nodes, five wallets',
  steps: [
    { line: NETWORK_UP, note: 'Four separate processes on this machine, each with its own SQLite file.' },
    ...PEOPLE.map((name) => ({ line: `dsm init --name ${name} --network net/network.json --home ${name}` })),
    ...PEOPLE.map((name) => ({ line: `dsm card --out ${name}.card --home ${name}` })),
    ...INTRODUCTIONS.map(([who, whom]) => ({ line: `dsm contact add ${whom}.card --home ${who}` })),
  ],
};

const online: Chapter = {
  title: 'Online: certified by the nodes',
  steps: [
    { line: 'dsm token create MEAL --decimals 2 --max 100000 --home canteen', note: 'The canteen creates a token.' },
    { line: 'dsm token mint MEAL 1000 --home canteen' },
    { line: 'dsm pay alice 130 MEAL --home canteen', grade: 'certified' },
    { line: 'dsm sync --home alice', note: 'Alice finds what was paid to her.' },
    {
      line: 'dsm pay till 10 MEAL --home alice',
      grade: 'certified',
      note: 'Final for everybody: no conflicting certificate can exist.',
    },
    {
      line: 'dsm reserve till 20 MEAL --home alice',
      note: 'Alice sets 20 aside for the till. Until the date she cannot take it back.',
    },
    { line: 'dsm balance --home alice' },
  ],
};

const offline: Chapter = {
  title: 'The cable is pulled: reserved, final on the spot',
  steps: [
    { line: 'kill %1', note: 'All four nodes are gone.' },
    { line: 'dsm offer till 7.50 MEAL --order table-4 --out 1-offer.dsm --home alice' },
    { line: 'dsm accept 1-offer.dsm --out 2-accept.dsm --home till' },
    { line: 'dsm commit 2-accept.dsm --out 3-commit.dsm --home alice' },
    {
      line: 'dsm receive 3-commit.dsm --out 4-ack.dsm --home till',
      grade: 'reserved',
      note: 'Final offline, provided that the till claims it before the date.',
    },
    { line: 'dsm ack 4-ack.dsm --home alice' },
    {
      line: 'dsm request alice 2.50 MEAL --order coffee --out 5-request.dsm --home till',
      note: 'They know each other now: two turns are enough.',
    },
    { line: 'dsm commit 5-request.dsm --out 6-commit.dsm --home alice' },
    { line: 'dsm receive 6-commit.dsm --home till', grade: 'reserved' },
    { line: 'dsm verify 6-commit.dsm --network net/network.json', grade: 'reserved' },
  ],
};

const attack: Chapter = {
  title: 'The attack: a copy of Alice pays twice from one balance',
  steps: [
    { line: 'cp -r alice alice-copy', note: 'A copied device holds the key. No software can stop it from signing.' },
    {
      line: 'dsm offer bob 90 MEAL --provisional --out b1.dsm --home alice',
      note: 'From the same 100: 90 to Bob ...',
    },
    {
      line: 'dsm accept b1.dsm --out b2.dsm --home bob',
      refused: 'E_POLICY',
      note: 'By default nobody takes a provisional payment.',
    },
    {
      line: 'dsm policy set --provisional-max 100 --run 1 --home bob',
      note: 'Bob decides to take the risk, Carol too.',
    },
    { line: 'dsm policy set --provisional-max 100 --run 1 --home carol' },
    { line: 'dsm accept b1.dsm --out b2.dsm --home bob' },
    { line: 'dsm commit b2.dsm --out b3.dsm --home alice' },
    { line: 'dsm receive b3.dsm --home bob', grade: 'provisional', note: 'May still be taken back, and is shown so.' },
    {
      line: 'dsm offer carol 80 MEAL --provisional --out c1.dsm --home alice-copy',
      note: '... and 80 to Carol, by the copy.',
    },
    { line: 'dsm accept c1.dsm --out c2.dsm --home carol' },
    { line: 'dsm commit c2.dsm --out c3.dsm --home alice-copy' },
    { line: 'dsm receive c3.dsm --home carol', grade: 'provisional' },
  ],
};

const settlement: Chapter = {
  title: 'The nodes come back: one payment settles, the other is proved a fraud',
  steps: [
    { line: NETWORK_UP },
    { line: 'dsm sync --home till', note: 'The till claims 10.00 from the reservation.' },
    { line: 'dsm sync --home bob', note: 'Bob is first: his payment settles.' },
    { line: 'dsm sync --home carol', note: 'Carol is second: refused, with evidence.' },
    { line: 'dsm sync --home alice' },
    { line: 'dsm sync --home alice-copy' },
    ...['till', 'bob', 'carol'].map((name) => ({ line: `dsm balance --home ${name}` })),
    { line: 'dsm history --home carol' },
    { line: 'dsm evidence list --home carol' },
    { line: 'dsm evidence export newest --out fork.dsm --home carol' },
    {
      line: 'dsm evidence verify fork.dsm --network net/network.json',
      note: 'A process with this file and the network description only: Alice’s key signed both.',
    },
    { line: 'dsm evidence import fork.dsm --home till' },
    {
      line: 'dsm offer bob 1 MEAL --provisional --out d1.dsm --home alice',
      refused: 'E_FORK',
      note: 'The key that signed twice signs nothing new.',
    },
    { line: 'kill %1' },
  ],
};

export const STORY: readonly Chapter[] = [setUp, online, offline, attack, settlement];
