import { spawn } from 'node:child_process';

/*
 * Reads until its standard input ends. A line means that all is in order; an end without one means that the
 * process that started the server is gone, however it went.
 */
const script = `
read -r line && exit 0
if [ "$(head -n 1 "$2/data/postmaster.pid" 2>/dev/null)" = "$1" ]; then
  kill -QUIT "$1"
  tries=0
  while kill -0 "$1" 2>/dev/null && [ $tries -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done
fi
shift
rm -rf -- "$@"
`;

/**
 * Stops the server and removes the directories when this process ends without having called the returned
 * function: also by SIGKILL, when no code of ours runs any more.
 */
export function watchForOrphan(pid: number, directories: readonly string[]): () => void {
  const watcher = spawn('/bin/sh', ['-c', script, 'pgproof-watch', String(pid), ...directories], {
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
