/** How far into each node's list of credits this device has looked, by node. */
import { uint } from '@dsm/core';
import { indexKey } from './codecs.ts';
import { defineCollection, type Collection } from './collection.ts';

export const cursorRecords: Collection<number> = defineCollection('cursor', () => uint());

export const cursorKey = (node: number): Uint8Array => indexKey(node);
