/**
 * What `network up` keeps in its directory. All paths inside are relative, so the directory may be moved.
 *
 *     network.json          the description, written once all nodes answer
 *     node-1/config.json    what `directory run` needs, the node's secret key included
 *     node-1/node.sqlite    everything the node has decided
 *     node-1/node.log       its log
 */
import { dirname, join, resolve } from 'node:path';

export const networkPath = (dir: string): string => join(dir, 'network.json');
export const nodeFolder = (dir: string, node: number): string => join(dir, `node-${node + 1}`);
/** Made before the first config: what a start that was interrupted leaves behind. */
export const isNodeFolder = (name: string): boolean => /^node-[1-9]\d*$/.test(name);
export const configPath = (dir: string, node: number): string => join(nodeFolder(dir, node), 'config.json');
export const logPath = (dir: string, node: number): string => join(nodeFolder(dir, node), 'node.log');

/** A path of a config file, relative to the file itself. */
export const besideConfig = (config: string, path: string): string => resolve(dirname(config), path);
