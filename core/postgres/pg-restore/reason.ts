/** In front of what the server said. The name of a table is in it, and may be anything. */
const programWords =
  /^(?:could not execute query|COPY failed for table ".*?"|error returned by PQ\w+|query failed|reconnection failed|could not (?:create|open|write to) large object[^:]*|could not set \w+ (?:user )?to [^:]*|could not (?:start|commit) database transaction|could not connect to database): /s;

/** libpq's words in front of the server's, where it was the server that let nobody in. */
const connecting = /^connection to server (?:at|on) .*? failed: (?=(?:FATAL|ERROR|PANIC):)/s;

/** What is told beside the message itself; values of the backup stand in it. */
const beside = /\s(?:DETAIL|HINT|CONTEXT|QUERY|LINE \d+): .*$/s;

/** What was said about the reason, without the program's own words in front and the details behind. */
export function reasonIn(message: string): string {
  return message
    .replace(programWords, '')
    .replace(connecting, '')
    .replace(/^(?:ERROR|FATAL|PANIC):\s+/, '')
    .replace(beside, '');
}

/** Without what stands in quotes: names and values may be any words. */
export function withoutNames(reason: string): string {
  return reason.replace(/"(?:[^"]|"")*"/g, '""');
}

/** Whether the server refused a session as a whole. */
export function isAtConnecting(message: string): boolean {
  return connecting.test(message.replace(programWords, ''));
}

/** Whether the program itself gave up, rather than passed on what the server refused. */
export function isProgramsOwn(message: string): boolean {
  return !programWords.test(message) && !/^(?:ERROR|FATAL|PANIC):/.test(message);
}

/** What pg_restore says of a job that has ended: also of one that told why, just before. */
export const jobDied = /^a worker process died unexpectedly/;
