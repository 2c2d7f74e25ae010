import { startChild } from '../../process/run-child.ts';
import { childEnvironment } from '../connect/child-environment.ts';
import { connectionRedactor } from '../connect/connection-redactor.ts';
import { toolPath } from '../programs/tools.ts';
import type { MessageReader } from './messages.ts';
import type { ReadProgram } from './problems.ts';
import type { PgRestoreRequest } from './restoration.ts';

/** Starts pg_restore or psql against the target, with a pipe for its input and its messages read as they come. */
export function startProgram(
  name: ReadProgram['name'],
  args: readonly string[],
  { tools, target, signal }: PgRestoreRequest,
  messages: MessageReader,
): ReadProgram {
  const child = startChild({
    file: toolPath(tools, name),
    args,
    env: { ...childEnvironment(target), TZ: 'UTC' },
    stdin: 'pipe',
    signal,
    redact: connectionRedactor(target),
    onStderrLine: messages.take,
  });
  // What a script selects is not wanted, but must not fill the pipe.
  child.stdout.on('error', () => undefined).resume();
  return { name, child, messages };
}
