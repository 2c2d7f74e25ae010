/** A pattern of the server's: the name, and not the beginning of a longer one. */
export function wordPattern(name: string): string {
  const plain = name.replace(/[^\p{L}\p{N}_]/gu, '\\$&');
  return `(^|[^[:alnum:]_$])${plain}($|[^[:alnum:]_$])`;
}
