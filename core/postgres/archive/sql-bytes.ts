/**
 * The bytes that SQL is made of. Every encoding that a server can have keeps ASCII bytes for ASCII, so that bytes are
 * enough to find where statements end.
 */
export const newline = 0x0a;
export const space = 0x20;
export const doubleQuote = 0x22;
export const dollar = 0x24;
export const quote = 0x27;
export const star = 0x2a;
export const dash = 0x2d;
export const slash = 0x2f;
export const semicolon = 0x3b;
export const backslash = 0x5c;

export const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

/** What a name or keyword may begin with. */
export const isNameStart = (byte: number): boolean =>
  (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f || byte >= 0x80;

/** Whether the byte is the letter of `E'…'`. */
export const isLetterE = (byte: number): boolean => byte === 0x45 || byte === 0x65;
