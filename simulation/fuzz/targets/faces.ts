/** Which exports of core read what others wrote, told by their names and by what they are. */

const READS =
  /^(?:decode|verify|parse|open|match|replay|choose|examine|advance)[A-Z]|^require(?!$)[A-Z]|FromItem$|FromInclusion$|OfDevice$|^is(?:Label|Symbol|Minimal)|^fromHex$/;

const hasCodec = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'fromItem' in value && 'toItem' in value;

/** Codecs, makers of codecs, decoders, verifiers, parsers. */
export const isReader = (name: string, value: unknown): boolean =>
  hasCodec(value) || (typeof value === 'function' && (READS.test(name) || name.endsWith('Codec')));

/** Readers that need no target of their own, each with the reason. */
export const EXEMPT: Readonly<Record<string, string>> = {
  decodeWith: 'every target of a codec goes through it',
  requireCopiedWindow: 'a rule of voids, which draftTransition is given',
  verifyOnce: 'a suite that remembers, not a reader',
};
