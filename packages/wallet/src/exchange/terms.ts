/** What this software proposes for a new relationship of payments. */
import type { RelationshipRules } from '@dsm/core';

const DAY_MS = 86_400_000;

/** All grades, no limit of its own, offers and accepts of at most a day (DESIGN section 4). */
export const DEFAULT_RULES: RelationshipRules = { grades: 7, maxAmount: null, expiryMs: DAY_MS };

/** How long an offer or an accept stays open unless asked otherwise. */
export const DEFAULT_EXPIRY_MS: number = DAY_MS;
