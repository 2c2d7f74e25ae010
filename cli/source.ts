import { hostname } from 'node:os';
import { chooseName, type KnownServer } from '../core/backup/default-name.ts';
import { lookAround } from '../core/backup/look-around.ts';
import { checkSourceName, type DefaultNames, defaultNames } from '../core/config/source-name.ts';
import { resolveConnection } from '../core/postgres/libpq/resolve-connection.ts';
import { abortReasonOr } from '../core/process/stop-reason.ts';
import type { Source } from '../core/source/source.ts';
import { urlSource } from '../core/source/url-source.ts';
import { type Store, StoreUnusable } from '../core/store/store.ts';
import { home } from './home.ts';
import { tell } from './output/edge.ts';

export type SourceRequest = {
  /** `--source`; undefined: libpq's environment. */
  readonly text: string | undefined;
  /** `--name`. */
  readonly name: string | undefined;
  /** Where backups of it may lie under a name that older versions gave it. */
  readonly store: Store;
  readonly signal: AbortSignal;
  /**
   * Is told what is of interest only if the run comes to something: a store that cannot be asked probably cannot take the
   * backup either, and says so then.
   */
  readonly onRemark: (line: string) => void;
};

/**
 * The server that `--source` or libpq's environment names; its name is `--name`, or that of its host and port.
 * @throws UsageError
 */
export async function sourceFrom({ text, name, store, signal, onRemark }: SourceRequest): Promise<Source> {
  const context = { env: process.env, home: home(), warn: warnOnce() };
  const [first] = resolveConnection(text, context);
  const source = (chosen: string): Source => urlSource({ name: chosen, text, ...context });
  if (name !== undefined || first === undefined) {
    checkSourceName(name ?? 'localhost');
    return source(name ?? 'localhost');
  }
  const names = defaultNames(first, hostname());
  checkSourceName(names.name);
  try {
    const look = (): Promise<KnownServer> => knownServer(source(names.former), signal);
    const { name: chosen, how } = await chooseName(store, names, look, new Date(), { signal });
    if (how !== 'settled') tell(process.stderr, [sentenceOn(how, names)]);
    return source(chosen);
  } catch (error: unknown) {
    // A role that may only write makes backups all the same.
    if (error instanceof StoreUnusable && !signal.aborted) {
      onRemark(
        `The store could not be asked for older backups of this server, so its name is ${JSON.stringify(names.name)}; to give it another, such as ${JSON.stringify(names.former)}, its default name in older versions: --name. ${error.message}`,
      );
      return source(names.name);
    }
    // The backup tells of it as of any other server that cannot be reached, by alert too.
    const reason = abortReasonOr(signal, error);
    return { name: names.name, resolve: () => Promise.reject(reason) };
  }
}

async function knownServer(source: Source, signal: AbortSignal): Promise<KnownServer> {
  const { server, systemIdentifier, onServer } = await lookAround(await source.resolve(), signal);
  const databases = onServer.filter((one) => one.allowsConnections && !one.isTemplate);
  return { systemIdentifier, major: server.major, databases: databases.map((one) => one.name) };
}

function sentenceOn(how: 'kept' | 'new', { name, former }: DefaultNames): string {
  const [was, is] = [JSON.stringify(former), JSON.stringify(name)];
  return how === 'kept'
    ? `The store has backups of this server under ${was}, its default name in older versions: it keeps that name. To change it, give --name; a new server would be ${is}.`
    : `The backups of this server are under ${is} from now on: what the store has under ${was}, the default name in older versions, is of another server. To name it otherwise, give --name.`;
}

/** The connection is settled anew for every database; what is wrong with a file is said once. */
function warnOnce(): (line: string) => void {
  const said = new Set<string>();
  return (line) => {
    if (!said.has(line)) tell(process.stderr, [line]);
    said.add(line);
  };
}
