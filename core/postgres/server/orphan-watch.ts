import { spawn } from 'node:child_process';

/*
 * Reads until its standard input ends. A line means that all is in order; an end without one means that the
 * process that started the server is gone, however it went. Then the server is ended, if its process id still stands
 * for the same process: known by the time when it began (the 20th field after the name in /proc/<id>/stat), or where
 * there is no /proc by the server's own postmaster.pid.
 */
const script = `
read -r line && exit 0
pid=$1 start=$2 signal=$3
shift 3
same() {
  if [ -z "$start" ]; then
    [ "$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)" = "$pid" ] && kill -0 "$pid" 2>/dev/null
    return
  fi
  { read -r stat < "/proc/$pid/stat"; } 2>/dev/null || return 1
  set -- \${stat##*) }
  [ "$1" != Z ] && [ "\${20}" = "$start" ]
}
same "$1" && kill -"$signal" "$pid"
tries=0
while same "$1" && [ $tries -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done
tries=0
until rm -rf -- "$@" || [ $tries -ge 20 ]; do
  tries=$((tries + 1))
  chmod -R u+rwx -- "$@"
  sleep 0.1
done
`;

export type Orphan = {
  readonly pid: number;
  /** See processStart; `undefined` where the system does not tell. */
  readonly start: number | undefined;
  /** What ends it: the postmaster shuts down at once on SIGQUIT; a sandbox knows SIGKILL only. */
  readonly signal: 'QUIT' | 'KILL';
};

/**
 * Ends the server and removes the directories, of which the first is the server's, when this process ends without
 * having called the returned function: also by SIGKILL, when no code of ours runs any more.
 */
export function watchForOrphan(orphan: Orphan, directories: readonly string[]): () => void {
  const { pid, start, signal } = orphan;
  const facts = [String(pid), start === undefined ? '' : String(start), signal];
  const watcher = spawn('/bin/sh', ['-c', script, 'pgproof-watch', ...facts, ...directories], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    // Signals to our process group must not reach it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a shell there is no watch; the server itself does not depend on it.
  watcher.on('error', () => undefined);
  watcher.stdin.on('error', () => undefined);
  watcher.unref();
  if ('unref' in watcher.stdin && typeof watcher.stdin.unref === 'function') watcher.stdin.unref();
  return () => watcher.stdin.end('done\n');
}
