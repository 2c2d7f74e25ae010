/**
 * Whether a text can be the name or the address of a server, or the directory of a Unix socket. What stands in a
 * host's place and is none of these is most often a piece of a password that was not percent-encoded, or a whole URL: it
 * must be refused before anybody prints it, or asks the name service for it.
 */
export function isHost(text: string): boolean {
  // The directory of a socket: a path, and no URL's part.
  if (text.startsWith('/')) return !/[@?#\0]|:\/\//.test(text);
  // An IPv6 address: hexadecimal digits with two colons at least. It may name an interface: fe80::1%eth0.
  if (/^[\da-f]{0,4}(?::[\da-f]{0,4}){2,7}(?:\d{1,3}(?:\.\d{1,3}){3})?(?:%[\w.-]+)?$/i.test(text))
    return true;
  return text.length <= 253 && /^[\p{L}\p{N}_]([\p{L}\p{M}\p{N}_.-]*)$/u.test(text);
}

/** What is said of a host that is none. Nothing of it is repeated: it may be a part of a password. */
export const noHost = {
  what: 'The host is not the name of a server',
  got: 'something with characters that no host name has',
  expected: 'a name such as db.example.com, an IP address, or the directory of a Unix socket',
  fix: 'In a URL, percent-encode the special characters of the password: @ is %40, / is %2F, : is %3A, # is %23, ? is %3F, % is %25.',
} as const;
