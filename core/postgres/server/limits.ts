/** What each process of a server for hostile SQL may use; the number of processes is that of its user. */
export type ServerLimits = {
  readonly processes: number;
  /** Private memory of one process, in bytes. */
  readonly dataBytes: number;
  /** Of one file. */
  readonly fileBytes: number;
  readonly cpuSeconds: number;
};

/** Beside the connections, a server has a dozen; what SQL starts has to fit in as well. */
export const processesOfServer = 256;

/*
 * The shell's own limits, for it is everywhere. One that is refused, or that this kind of shell does not know (-u is
 * -p in dash), is left as it is: a limit that was tighter before stays. Blocks of -f are 512 bytes, of -d 1024. Where
 * memory runs out the kernel is to take this server first.
 */
const script = `
{ echo 1000 > /proc/self/oom_score_adj; } 2> /dev/null
{ ulimit -u "$1" || ulimit -p "$1"; } 2> /dev/null
ulimit -d "$2" 2> /dev/null
ulimit -f "$3" 2> /dev/null
ulimit -t "$4" 2> /dev/null
ulimit -c 0 2> /dev/null
shift 4
exec "$@"
`;

/** The words that start a program under the limits: its own program and arguments come after them. */
export function limitWords(limits: ServerLimits): [string, ...string[]] {
  const blocks = (bytes: number, size: number): string => String(Math.max(1, Math.ceil(bytes / size)));
  return [
    '/bin/sh',
    '-c',
    script,
    'pgproof-limits',
    String(limits.processes),
    blocks(limits.dataBytes, 1024),
    blocks(limits.fileBytes, 512),
    String(Math.ceil(limits.cpuSeconds)),
  ];
}
