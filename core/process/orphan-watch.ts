import { type ChildProcess, spawn } from 'node:child_process';

/*
 * A shell that keeps a list of what this process would leave behind, and clears it up when its standard input ends:
 * then this process is gone, however it went. A line adds an entry (`P <id> <signal> <target> <pid> <start>` for a
 * process, `U <id> <user>` for all that runs as a user, `D <id> <path>` for a file or directory) or takes one off the
 * list (`- <id>`). A process is known by its id and the
 * time when it began (the 20th field after the name in /proc/<id>/stat), for ids are used again; where there is no
 * /proc by its id alone. What does not end in five seconds is killed; paths go when the processes are gone.
 */
const script = `
set -f
newline='
'
list=
start_of() {
  start=
  { read -r stat < "/proc/$1/stat"; } 2>/dev/null || return
  IFS=' '
  set -- \${stat##*) }
  [ "$1" = Z ] || start=\${20}
}
alive() {
  [ -d /proc/self ] || { kill -0 "$1" 2>/dev/null; return; }
  start_of "$1"
  [ -n "$start" ] && [ "$start" = "$2" ]
}
each() {
  left=0
  IFS=$newline
  for entry in $list; do
    IFS=' '
    set -- "$1" $entry
    if [ "$2" = P ] && alive "$6" "$7"; then
      left=1
      case $1 in
        first) kill -s "$4" -- "$5" 2>/dev/null ;;
        last) kill -s KILL -- "$5" 2>/dev/null ;;
      esac
    fi
    IFS=$newline
  done
}
while IFS= read -r line; do
  case $line in
    '- '*)
      kept=
      id=\${line#- }
      IFS=$newline
      for entry in $list; do
        case $entry in ?" $id "*) ;; *) kept=$kept$entry$newline ;; esac
      done
      list=$kept
      ;;
    'P '*)
      IFS=' '
      set -- $line
      [ -n "$6" ] || { start_of "$5"; line="$line$start"; }
      list=$list$line$newline
      ;;
    *) list=$list$line$newline ;;
  esac
done
each first
tries=0
while [ $left = 1 ] && [ $tries -lt 100 ]; do
  tries=$((tries + 1))
  sleep 0.1
  if [ $tries -gt 50 ]; then each last; else each look; fi
done
run_as() {
  set +f
  for place in /proc/[0-9]*; do
    { read -r _ && while IFS='	' read -r name real _; do
      if [ "$name" = Uid: ]; then [ "$real" = "$1" ] && echo "\${place#/proc/}"; break; fi
    done; } 2>/dev/null < "$place/status"
  done
}
IFS=$newline
for entry in $list; do
  user=\${entry#U * }
  [ "$user" = "$entry" ] && continue
  tries=0
  IFS=$newline
  while pids=$(run_as "$user") && [ -n "$pids" ] && [ $tries -lt 50 ]; do
    tries=$((tries + 1))
    kill -s STOP -- $pids 2>/dev/null
    kill -s KILL -- $pids $(run_as "$user") 2>/dev/null
  done
done
IFS=$newline
for entry in $list; do
  directory=\${entry#D * }
  [ "$directory" = "$entry" ] && continue
  tries=0
  until rm -rf -- "$directory" || [ $tries -ge 20 ]; do
    tries=$((tries + 1))
    chmod -R u+rwx -- "$directory"
    sleep 0.1
  done
done
`;

/** A process that must not outlive this one. */
export type Orphan = {
  readonly pid: number;
  /** When it began, see processStart. Default: found out by the watch, at once. */
  readonly start?: number | undefined;
  /** What ends it: pg_dump cleans up on SIGTERM, a postmaster shuts down at once on SIGQUIT. */
  readonly signal: 'TERM' | 'QUIT' | 'KILL';
  /** The whole process group that it leads. Default: itself alone. */
  readonly group?: boolean | undefined;
};

const entries = new Map<number, string>();
let watch: ChildProcess | undefined;
let lastId = 0;

/**
 * Ends the processes and removes the paths when this process ends without having called the returned function:
 * also by SIGKILL, when no code of ours runs any more.
 */
export function watchForOrphans(left: {
  readonly processes?: readonly Orphan[] | undefined;
  /** Users of whom every process is to be ended. */
  readonly users?: readonly number[] | undefined;
  readonly paths?: readonly string[] | undefined;
}): () => void {
  const lines = [
    ...(left.processes ?? []).map(({ pid, start, signal, group }) => {
      const target = group === true ? -pid : pid;
      return ['P', `${signal} ${target} ${pid} ${start ?? ''}`];
    }),
    ...(left.users ?? []).map((user) => ['U', String(user)]),
    // A path with a line break is left to the next run's removeLeftovers.
    ...(left.paths ?? []).filter((path) => !path.includes('\n')).map((path) => ['D', path]),
  ];
  const ids = lines.map(([kind, what]) => {
    lastId += 1;
    entries.set(lastId, `${kind} ${lastId} ${what}\n`);
    return lastId;
  });
  tell(ids.map((id) => entries.get(id)).join(''));
  return () => {
    for (const id of ids) if (entries.delete(id)) watch?.stdin?.write(`- ${id}\n`);
    // With nothing on its list it is not kept.
    if (entries.size === 0) {
      watch?.stdin?.end();
      watch = undefined;
    }
  };
}

/** One watch for all; a new one where the last has ended, which then learns the whole list. */
function tell(lines: string): void {
  if (watch !== undefined) {
    watch.stdin?.write(lines);
    return;
  }
  const started = spawn('/bin/sh', ['-c', script, 'pgproof-watch'], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    // Signals to our process group must not reach it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watch = started;
  const forget = (): void => {
    if (watch === started) watch = undefined;
  };
  // Without a shell there is no watch; nothing else depends on it.
  started.on('error', forget);
  started.on('exit', forget);
  started.stdin.on('error', forget);
  started.unref();
  if ('unref' in started.stdin && typeof started.stdin.unref === 'function') started.stdin.unref();
  started.stdin.write([...entries.values()].join(''));
}
