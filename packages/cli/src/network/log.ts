/** The log of a node: one JSON object a line, appended to its file, or on stderr for a person. */
import { appendFileSync } from 'node:fs';
import type { Logger } from '@dsm/directory';

export const fileLogger =
  (path: string): Logger =>
  ({ atMs, ...entry }) => {
    try {
      appendFileSync(path, `${JSON.stringify({ at: new Date(atMs).toISOString(), ...entry })}\n`, { mode: 0o600 });
    } catch {
      // A full disk must not stop a node from answering; what it decides is in its store.
    }
  };
