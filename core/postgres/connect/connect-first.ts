import type { Client } from 'pg';
import { type ConnectOptions, connectOnce, disconnect, retried } from './connect.ts';
import { ConnectionFailed, connectionFailed } from './connection-failed.ts';
import type { ConnectionParameters } from './parameters.ts';

/**
 * Tries hosts in order, like libpq with a list, until one answers that suits target_session_attrs. Refused
 * credentials end the search: the other hosts would refuse them too, and might lock the role.
 * @returns the client, and the parameters of the host that answered, for pg_dump
 * @throws ConnectionFailed; the signal's reason when aborted
 */
export async function connectFirst(
  candidates: readonly ConnectionParameters[],
  options: ConnectOptions = {},
): Promise<{ readonly client: Client; readonly parameters: ConnectionParameters }> {
  return await retried(options.signal, async () => {
    try {
      return await firstSuitable(candidates, options);
    } catch (error: unknown) {
      const isPreference = candidates[0]?.targetSession === 'prefer-standby';
      if (!isPreference || !(error instanceof ConnectionFailed) || !tryNext.has(error.reason)) throw error;
      return await firstSuitable(
        candidates.map((one) => ({ ...one, targetSession: 'any' as const })),
        options,
      );
    }
  });
}

const tryNext: ReadonlySet<ConnectionFailed['reason']> = new Set([
  'unknown-host',
  'refused',
  'timeout',
  'connection-lost',
  'not-ready',
  'wrong-session',
]);

async function firstSuitable(
  candidates: readonly ConnectionParameters[],
  options: ConnectOptions,
): Promise<{ client: Client; parameters: ConnectionParameters }> {
  const failures: ConnectionFailed[] = [];
  for (const parameters of candidates) {
    try {
      return { client: await connectSuitable(parameters, options), parameters };
    } catch (error: unknown) {
      if (!(error instanceof ConnectionFailed) || !tryNext.has(error.reason)) throw error;
      failures.push(error);
    }
  }
  const [only] = failures;
  const last = failures.find(({ isRetryable }) => isRetryable) ?? failures.at(-1);
  if (last === undefined) throw new Error('connectFirst needs a candidate');
  if (failures.length === 1 && only !== undefined) throw only;
  throw new ConnectionFailed(
    {
      reason: last.reason,
      code: last.code,
      problem: {
        what: `None of the ${failures.length} hosts can be used`,
        got: failures.map(({ problem }) => [problem.what, problem.got].filter(Boolean).join(': ')).join('; '),
        fix: last.problem.fix,
      },
    },
    { cause: last },
  );
}

async function connectSuitable(parameters: ConnectionParameters, options: ConnectOptions): Promise<Client> {
  const client = await connectOnce(parameters, options);
  const wanted = parameters.targetSession ?? 'any';
  if (wanted === 'any') return client;
  try {
    const { rows } = await client.query<{ standby: boolean; readonly: boolean }>(
      `select pg_catalog.pg_is_in_recovery() as standby,
              pg_catalog.current_setting('transaction_read_only') = 'on' as readonly`,
    );
    const [found = { standby: false, readonly: false }] = rows;
    const suits = {
      'read-write': !found.readonly,
      'read-only': found.readonly,
      primary: !found.standby,
      standby: found.standby,
      'prefer-standby': found.standby,
    }[wanted];
    if (suits) return client;
    throw new ConnectionFailed({
      reason: 'wrong-session',
      problem: {
        what: `The server ${parameters.host} is not what target_session_attrs asks for`,
        got: `a ${found.standby ? 'standby' : 'primary'} that is ${found.readonly ? 'read-only' : 'read-write'}`,
        expected: wanted,
        fix: 'Name a host that is, or change target_session_attrs.',
      },
    });
  } catch (error: unknown) {
    await disconnect(client);
    throw error instanceof ConnectionFailed ? error : connectionFailed(parameters, error);
  }
}
