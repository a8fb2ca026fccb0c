/** `@dsm/sdk` on Node: everything of the portable face, and what only Node has. */
export * from '../index.ts';
export { advertise, browse, type Announcement, type DiscoverOptions, type Found } from './discover.ts';
export { fileLink, type FileLinkOptions } from './files.ts';
export { nodePlatform, openStore, openWallet, verify } from './open.ts';
export { connect, listen, type ConnectOptions, type Listener, type ListenOptions } from './tcp.ts';
