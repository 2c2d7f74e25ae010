import type { NightConfig } from '../../core/config/night.ts';
import { ConfigurationError } from '../../core/config/problem.ts';
import type { NightDependencies, NightRequest } from '../../core/night/request.ts';
import type { Channel } from '../../core/notify/notifier.ts';
import type { RunEvent } from '../../core/notify/run-events.ts';
import type { PrunableStore } from '../../core/store/prunable.ts';
import { home } from '../home.ts';
import { type BackupTools, backupStep, type SourceWork } from './backup-step.ts';
import { nightChannel } from './channels.ts';
import { copyStep } from './copy-step.ts';
import { foreignOwners } from './foreign-owner.ts';
import { logContext, nightListeners } from './listeners.ts';
import { connectionProblems, contextOf, logProblems, notifyProblems, sourceOf } from './night-source.ts';
import { openPlace } from './places.ts';
import { policyAt, pruneStep } from './prune-step.ts';
import { readSecrets } from './secrets.ts';
import { usableParts } from './usable-parts.ts';

/** All that a night is made of. Nothing was contacted yet. */
export type PreparedNight = Pick<NightRequest, 'sources' | 'stores' | 'steps'> &
  Pick<NightDependencies, 'backup' | 'emit'> & {
    readonly channel: Channel;
    /** Whether something is left out of it that was told, and fails it. */
    readonly isPartial: boolean;
    /** Ends those who follow it. */
    readonly close: () => Promise<void>;
  };

type Circumstances = Omit<BackupTools, 'verify'> & {
  /** Whether nothing will be done: then every secret has to be there. */
  readonly isDryRun: boolean;
  /** Of the configuration, as messages name it. */
  readonly path: string;
  readonly directory: string;
  readonly warn: (line: string) => void;
};

/**
 * What needs a secret that is not there is told, and left out.
 *
 * @throws ConfigurationError with every secret that is not there, where no source is left; and every connection string that is
 *   none
 */
export async function prepareNight(whole: NightConfig, circumstances: Circumstances): Promise<PreparedNight> {
  const { path, directory, warn, isDryRun, ...tools } = circumstances;
  const { secrets, problems } = await readSecrets(whole, { env: process.env, directory });
  const [onlyStore] = whole.stores;
  const { config, outcomes, warnings } = usableParts(
    whole,
    problems,
    (name) => name ?? onlyStore?.name ?? '',
  );
  const isNothingLeft = config.sources.length === 0;
  if (problems.length > 0 && (isDryRun || isNothingLeft)) throw new ConfigurationError(path, problems);
  const said = new Set<string>();
  const warnOnce = (line: string): void => {
    if (!said.has(line)) warn(line);
    said.add(line);
  };
  for (const line of warnings) warnOnce(line);
  for (const outcome of outcomes) await tools.notifier.tell({ ...outcome, at: new Date() });
  // By the place of each in the file: what is wrong with it is told by that.
  const contexts = whole.sources.map((source) =>
    config.sources.includes(source) ? contextOf(source, { secrets, directory, warn: warnOnce }) : undefined,
  );
  const machine = { env: process.env, home: home(), warn: warnOnce };
  const wrong = [
    ...connectionProblems(whole, contexts, directory),
    ...notifyProblems(config, directory),
    ...logProblems(config, secrets, machine),
  ];
  if (wrong.length > 0) throw new ConfigurationError(path, wrong);

  for (const line of await foreignOwners(config, process.geteuid?.())) warnOnce(line);
  const stores = new Map<string, PrunableStore>();
  for (const place of [...config.stores, ...config.copies])
    stores.set(place.name, await openPlace(place, secrets));
  const storeNamed = (name: string | undefined): NightConfig['stores'][number] => {
    const found = name === undefined ? onlyStore : config.stores.find((one) => one.name === name);
    if (found === undefined) throw new Error('A store is named that is not there');
    return found;
  };
  const opened = (name: string): PrunableStore => {
    const store = stores.get(name);
    if (store === undefined) throw new Error('A store was not opened');
    return store;
  };
  const works = new Map<string, SourceWork>();
  for (const [index, settings] of whole.sources.entries()) {
    const context = contexts[index];
    if (context === undefined) continue;
    const place = storeNamed(settings.store);
    works.set(settings.name, {
      source: sourceOf(settings, context),
      settings,
      place,
      store: opened(place.name),
    });
  }
  const listeners = await nightListeners(config, {
    context: logContext(config, secrets, machine),
    onWarning: warnOnce,
    directory,
    signal: tools.signal,
  });
  const copies = config.copies.map((copy) => ({ ...copy, of: storeNamed(copy.from).name }));
  const pruned = [
    ...config.stores.map((store) => ({ ...store, prune: store.prune ?? config.prune, of: store.name })),
    // What is kept in a second place is said there, or nothing goes.
    ...copies,
  ];
  return {
    sources: config.sources.map(({ name, store, schedules }) => ({
      name,
      store: storeNamed(store).name,
      schedules,
    })),
    stores,
    steps: [
      ...copies.map((copy) =>
        copyStep(
          copy,
          policyAt(copy.prune, config),
          { from: opened(copy.of), to: opened(copy.name) },
          { ...tools, contact: config.contact, warn: warnOnce },
        ),
      ),
      ...pruned.flatMap((place) => {
        const policy = policyAt(place.prune, config);
        return policy === undefined ? [] : [pruneStep(place, policy, opened(place.name), tools)];
      }),
    ],
    backup: backupStep(works, { ...tools, verify: config.verify, contact: config.contact }),
    emit: async (event: RunEvent) => {
      for (const listener of listeners) await listener.on(event);
    },
    channel: await nightChannel(config, secrets, directory),
    isPartial: outcomes.length > 0,
    close: async () => {
      for (const listener of listeners) await listener.close();
    },
  };
}
