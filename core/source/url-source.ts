import { disconnect } from '../postgres/connect/connect.ts';
import { connectFirst } from '../postgres/connect/connect-first.ts';
import type { ConnectionParameters } from '../postgres/connect/parameters.ts';
import { type ResolveContext, resolveConnection } from '../postgres/libpq/resolve-connection.ts';
import type { Source } from './source.ts';

/**
 * The command's source: what psql would connect to with `text` (a URL, keyword=value pairs, or nothing) and the
 * environment. With several hosts, or target_session_attrs, the one that answers is chosen anew each time.
 */
export function urlSource(
  options: { readonly name: string; readonly text?: string | undefined } & ResolveContext,
): Source {
  const { name, text, ...context } = options;
  return { name, resolve: () => resolveOne(resolveConnection(text, context)) };
}

async function resolveOne(candidates: readonly ConnectionParameters[]): Promise<ConnectionParameters> {
  const [first, second] = candidates;
  if (first !== undefined && second === undefined && (first.targetSession ?? 'any') === 'any') return first;
  const { client, parameters } = await connectFirst(candidates);
  await disconnect(client);
  return parameters;
}
