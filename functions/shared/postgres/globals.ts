import { PgproofError } from '../errors.ts';
import { assertExitedWell } from '../process/exit-gate.ts';
import { startChild } from '../process/run-child.ts';
import { quoteConninfo } from './conninfo.ts';

/** Roles and tablespaces are kilobytes; what is larger is not what we think it is. */
const limitBytes = 256 * 1024 * 1024;

/**
 * Roles, their memberships and settings, and tablespaces, as SQL (pg_dumpall --globals-only). Without
 * `passwords` the roles come without their hashes, which managed services do not let anybody read.
 * @throws ChildFailed
 */
export async function dumpGlobals(options: {
  readonly program: string;
  readonly database: string;
  readonly passwords: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly redact: (text: string) => string;
  readonly signal: AbortSignal;
}): Promise<Buffer> {
  const connection = quoteConninfo(options.database);
  const args = [
    '--globals-only',
    '--no-password',
    `--dbname=${connection}`,
    `--database=${options.database}`,
  ];
  if (!options.passwords) args.push('--no-role-passwords');
  const child = startChild({
    file: options.program,
    args,
    env: options.env,
    redact: options.redact,
    signal: options.signal,
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limitBytes) {
      child.kill();
      throw new PgproofError({
        what: 'The roles of the server take too much room',
        got: `more than ${limitBytes} bytes from pg_dumpall --globals-only`,
        fix: 'Look at what it writes; this is not how roles look.',
      });
    }
    chunks.push(chunk);
  }
  const exit = await child.exited;
  options.signal.throwIfAborted();
  assertExitedWell('pg_dumpall', exit);
  return Buffer.concat(chunks);
}
