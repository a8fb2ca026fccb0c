/** The context string of a hash tag (spec ENC-5) and of a signature's purpose (ENC-7): one name space each. */
export const contextString = (name: string): string => `DSM v1 ${name}`;

const utf8 = new TextEncoder();

export const contextBytes = (name: string): Uint8Array => utf8.encode(contextString(name));
