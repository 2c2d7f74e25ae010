import { PgproofError } from '../errors.ts';
import { assertExitedWell, ChildFailed } from '../process/exit-gate.ts';
import { startChild } from '../process/run-child.ts';
import { quoteConninfo } from './conninfo.ts';

export type GlobalsRequest = {
  /** Path of pg_dumpall. */
  readonly program: string;
  readonly database: string;
  readonly env: Readonly<Record<string, string>>;
  readonly redact: (text: string) => string;
  readonly signal: AbortSignal;
};

export type Globals = { readonly sql: Buffer; readonly rolePasswords: boolean };

/** Roles and tablespaces are kilobytes; what is larger is not what we think it is. */
const limitBytes = 256 * 1024 * 1024;

/**
 * Roles, their memberships and settings, and tablespaces, as SQL (pg_dumpall --globals-only). Without the roles'
 * password hashes where `mayReadPasswords` is false or the server refuses after all: managed services let nobody
 * read pg_authid, whatever the privileges say.
 * @throws ChildFailed
 */
export async function dumpGlobals(request: GlobalsRequest, mayReadPasswords: boolean): Promise<Globals> {
  try {
    return { sql: await runDumpall(request, mayReadPasswords), rolePasswords: mayReadPasswords };
  } catch (error: unknown) {
    const refused =
      error instanceof ChildFailed && /permission denied.*pg_authid/.test(error.exit.stderrTail);
    if (!mayReadPasswords || !refused) throw error;
    return { sql: await runDumpall(request, false), rolePasswords: false };
  }
}

async function runDumpall(request: GlobalsRequest, passwords: boolean): Promise<Buffer> {
  const { program: file, database, env, redact, signal } = request;
  // libpq expands what pg_dumpall takes as a database's name into a connection string; quoted, a name stays a name.
  const args = ['--globals-only', '--no-password', `--database=${quoteConninfo(database)}`];
  if (!passwords) args.push('--no-role-passwords');
  const child = startChild({ file, args, env, redact, signal });
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
  signal.throwIfAborted();
  assertExitedWell('pg_dumpall', exit);
  return Buffer.concat(chunks);
}
