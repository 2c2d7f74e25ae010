import prettyBytes from 'pretty-bytes';

/** `252 MB`, `1.1 GB`: decimal, as storage is sold and billed. */
export function formatBytes(bytes: number): string {
  // Of 1.9 GB not just `1 GB`.
  const isBelowTen = Math.floor(Math.log10(bytes)) % 3 === 0;
  return prettyBytes(bytes, { maximumFractionDigits: bytes < 10_000_000 || isBelowTen ? 1 : 0 });
}

/** `5 500 000`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ' ');
}

/** `1 row`, `5 500 000 rows`. */
export function plural(count: number, word: string, words = `${word}s`): string {
  return `${formatCount(count)} ${count === 1 ? word : words}`;
}

/** `1 byte`, `252000003 bytes`: exactly, and to be compared figure by figure. */
export function byteCount(bytes: number): string {
  return `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`;
}

/** `4.2 s`, `3 min 12 s`, `2 h 5 min`. */
export function formatDuration(seconds: number): string {
  // Of 9.96 seconds there are no 10.0, and of 59.6 no 60.
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  if (seconds < 60) return '1 min 0 s';
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `12 min`, `30 h`, `12 d`, `8 mo`, `3 y`: how long ago, in one unit. */
export function formatAge(seconds: number): string {
  if (seconds < 0) return 'future';
  const hours = seconds / 3_600;
  if (hours < 1) return `${Math.floor(seconds / 60)} min`;
  if (hours < 48) return `${Math.floor(hours)} h`;
  const days = hours / 24;
  if (days < 60) return `${Math.floor(days)} d`;
  return days < 730 ? `${Math.floor(days / 30.44)} mo` : `${Math.floor(days / 365.25)} y`;
}
