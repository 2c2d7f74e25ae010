const mebibyte = 1024 * 1024;

export type ServerSize = {
  /** What the server may use of the machine's memory. */
  readonly memoryBytes: number;
  /** What its directory may take. */
  readonly roomBytes: number;
  /** Connections that work at the same time, as with `pg_restore --jobs`. */
  readonly jobs: number;
  readonly cpus: number;
};

/** Beside the jobs: connections that compare, one that watches, and a few for an operator who takes a look. */
const otherConnections = 12;

/**
 * Settings of a server that restores one database and is thrown away: nothing is made safe for a crash, nothing runs
 * in the background, and the write-ahead log stays small beside the data.
 */
export function verificationSettings(size: ServerSize): Readonly<Record<string, string>> {
  const memory = memorySettings(size);
  const walMegabytes = clamp(size.roomBytes / mebibyte / 16, 32, 1_024);
  return {
    ...memory,
    autovacuum: 'off',
    jit: 'off',
    huge_pages: 'off',
    track_counts: 'off',
    track_activities: 'on',
    bgwriter_lru_maxpages: '0',
    wal_level: 'minimal',
    wal_init_zero: 'off',
    wal_recycle: 'off',
    // Not in advance: the segments of an empty server take room too.
    min_wal_size: `${walSegmentMegabytes * 2}MB`,
    max_wal_size: `${walMegabytes}MB`,
    // A checkpoint that is spread over time lets the log grow to twice as much meanwhile.
    checkpoint_completion_target: '0.1',
    max_connections: String(size.jobs + otherConnections),
    max_worker_processes: String(size.cpus + 4),
    max_parallel_workers: String(size.cpus),
    max_parallel_maintenance_workers: String(Math.min(2, Math.max(0, size.cpus - 1))),
    max_logical_replication_workers: '0',
    statement_timeout: '0',
    lock_timeout: '0',
    idle_in_transaction_session_timeout: '0',
    temp_file_limit: '-1',
    // A server that restarted itself after a crash (out of memory, say) would hide the crash.
    restart_after_crash: 'off',
    // The end of the log is part of a message when it cannot start; SQL must not be able to fill it with errors.
    log_min_messages: 'log',
  };
}

/** Small segments: an empty server takes 28 MB instead of 39. */
export const walSegmentMegabytes = 1;

function memorySettings({ memoryBytes, jobs }: ServerSize): Readonly<Record<string, string>> {
  const total = memoryBytes / mebibyte;
  const shared = clamp(total / 8, 16, 1_024);
  const perJob = (total - shared) / 4 / Math.max(1, jobs);
  return {
    shared_buffers: `${shared}MB`,
    maintenance_work_mem: `${clamp(perJob, 16, 1_024)}MB`,
    work_mem: `${clamp(perJob / 8, 4, 64)}MB`,
    // One transaction of pg_dump locks every table, and each lock has its place from the start: 270 bytes times
    // connections. A small memory gets fewer of them.
    max_locks_per_transaction: String(clamp(total * 2, 512, 8_192)),
  };
}

function clamp(value: number, least: number, most: number): number {
  return Math.floor(Math.min(Math.max(value, least), most));
}

/**
 * The memory available for everything, in bytes: what Lambda was given, else the limit of the control group,
 * else the machine's.
 */
export function availableMemory(
  env: NodeJS.ProcessEnv,
  machine: { readonly totalBytes: number; readonly constrainedBytes: number | undefined },
): number {
  const lambda = Number(env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE);
  if (Number.isFinite(lambda) && lambda > 0) return lambda * mebibyte;
  const { totalBytes, constrainedBytes = 0 } = machine;
  // Where there is no limit Node says 0 or a number beyond all memory.
  return constrainedBytes > 0 ? Math.min(totalBytes, constrainedBytes) : totalBytes;
}
