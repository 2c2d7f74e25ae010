import { messageOf, PgproofError, type Problem } from '../../errors.ts';
import { adviceFor, type ConnectionFailureReason } from './connection-advice.ts';
import { connectionRedactor } from './connection-redactor.ts';
import type { ConnectionParameters } from './parameters.ts';

export type { ConnectionFailureReason } from './connection-advice.ts';

/** No connection to the server, or not the one that was asked for. */
export class ConnectionFailed extends PgproofError {
  override readonly name = 'ConnectionFailed';
  readonly reason: ConnectionFailureReason;
  /** The SQLSTATE, or the error code of node or OpenSSL, if there was one. */
  readonly code: string | undefined;
  readonly isRetryable: boolean;

  constructor(
    failure: {
      readonly reason: ConnectionFailureReason;
      readonly code?: string | undefined;
      readonly problem: Problem;
    },
    options?: ErrorOptions,
  ) {
    super(failure.problem, options);
    this.reason = failure.reason;
    this.code = failure.code;
    this.isRetryable = failure.code !== undefined && retriedCodes.has(failure.code);
  }
}

/**
 * What may be over in a few seconds, by SQLSTATE (the manual's appendix A) or errno. Nothing that an operator has to
 * put right is in it, and no time-out: the time allowed has been spent waiting for it.
 */
export const retriedCodes: ReadonlySet<string> = new Set([
  '53300', // too_many_connections
  '57P01', // admin_shutdown: ended by an administrator, or a restart
  '57P02', // crash_shutdown: another backend crashed, all are ended
  '57P03', // cannot_connect_now: starting up, shutting down, in recovery
  '08006', // connection_failure, as poolers say it
  'ECONNRESET',
  'EPIPE',
  'EAI_AGAIN', // the name server is busy or not reachable yet
  'CONNECTION_LOST', // pgproof's own: the server hung up without a word
]);

/** Says what happened, from what node-postgres, node or OpenSSL threw, without the password. */
export function connectionFailed(parameters: ConnectionParameters, cause: unknown): ConnectionFailed {
  if (cause instanceof ConnectionFailed) return cause;
  const error = innermost(cause);
  const code = codeOf(error);
  const { reason, what, fix } = adviceFor(parameters, code, error);
  const got = connectionRedactor(parameters)(messageOf(error)).trim();
  return new ConnectionFailed(
    { reason, code, problem: { what, got: got === '' ? code : got, fix } },
    { cause: error },
  );
}

/** Several addresses of one name fail together, in an error without a message; the last one is told. */
function innermost(cause: unknown): unknown {
  return cause instanceof AggregateError && cause.errors.length > 0 ? cause.errors.at(-1) : cause;
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string') return code;
  return /^Connection terminated/.test(messageOf(error)) ? 'CONNECTION_LOST' : undefined;
}
