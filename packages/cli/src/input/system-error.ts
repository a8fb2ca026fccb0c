/** Errors of the operating system in a few words. */

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
  EADDRINUSE: 'the port is taken',
};

export const systemCode = (thrown: unknown): string | undefined =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;

export function describeSystemError(thrown: unknown): string {
  const code = systemCode(thrown);
  if (code !== undefined && WORDS[code] !== undefined) return WORDS[code];
  return code ?? (thrown instanceof Error ? thrown.message : String(thrown));
}
