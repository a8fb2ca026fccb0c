/**
 * What Node and browsers share and the language itself lacks. core is compiled without the types of any platform; this
 * is all that it may name besides ECMAScript.
 */
declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: Uint8Array): string;
}
