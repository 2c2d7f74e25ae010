import { connectFirst, disconnect } from './connect.ts';
import { type ResolveContext, resolveConnection } from './resolve-connection.ts';
import type { ConnectionParameters, Source } from './source.ts';

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
