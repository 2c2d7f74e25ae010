/**
 * Where a connection string has a password in it, or undefined. Said without repeating any of it. An @ may also stand in a
 * password that was not encoded, so that the last one ends the name and the password.
 */
export function passwordPlace(text: string): string | undefined {
  const [, rest] = /^\s*postgres(?:ql)?:\/\/(.*)$/is.exec(text) ?? [];
  const login = rest?.slice(0, Math.max(0, rest.lastIndexOf('@')));
  if (login?.includes(':')) return 'it has a password before the host';
  if (/(?:^|[\s?&;'"])(?:ssl)?password\s*=/i.test(text)) return 'it has a password among its settings';
  return undefined;
}
