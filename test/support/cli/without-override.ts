/** Where the tests run as root, modes stop nobody: root without the capability to pass them is stopped. */
export function withoutOverride(file: string, args: readonly string[]): [string, readonly string[]] {
  if (process.getuid?.() !== 0) return [file, args];
  return ['setpriv', ['--inh-caps=-all', '--bounding-set=-dac_override,-dac_read_search', file, ...args]];
}
