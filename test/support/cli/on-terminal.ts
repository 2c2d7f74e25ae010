/** Runs the command on a terminal of its own, which passes on what it shows. */
export function onTerminal(file: string, args: readonly string[]): [string, readonly string[]] {
  const shell = ['/bin/sh', '-c', 'stty rows 24 columns 80; exec "$0" "$@"', file, ...args];
  if (process.platform === 'darwin') return ['script', ['-q', '/dev/null', ...shell]];
  const quoted = shell.map((arg) => `'${arg.replaceAll("'", "'\\''")}'`);
  // No shell stays in between: one that saw Ctrl-C would end as if it had been meant for it.
  return ['script', ['--quiet', '--return', '--command', `exec ${quoted.join(' ')}`, '/dev/null']];
}
