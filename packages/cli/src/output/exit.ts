/** Exit codes. Scripts rely on them beside the error codes. */
import type { ErrorCode } from '@dsm/core';

export const EXIT = { ok: 0, failed: 1, usage: 2, defect: 70 } as const;

export function exitCodeOf(code: ErrorCode): number {
  if (code === 'E_USAGE') return EXIT.usage;
  return code === 'E_INTERNAL' ? EXIT.defect : EXIT.failed;
}
