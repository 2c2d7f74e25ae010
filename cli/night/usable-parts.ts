import type { NightConfig } from '../../core/config/night.ts';
import type { Outcome } from '../../core/notify/alert.ts';
import type { MissingSecret } from './secrets.ts';

/** What a night can do although secrets are gone, and what people are told of the rest. */
export type UsableParts = {
  readonly config: NightConfig;
  readonly outcomes: readonly Omit<Outcome, 'at'>[];
  /** What fails no night: the log table. */
  readonly warnings: readonly string[];
};

/**
 * A secret that is gone costs what needs it, and no more: one source, one store with its sources and its copies, one second
 * place, mail, the log table. The others' night is not lost with it.
 *
 * @param storeOf the name of the store of a source or of a copy, which need not say it where there is one
 */
export function usableParts(
  config: NightConfig,
  missing: readonly MissingSecret[],
  storeOf: (name: string | undefined) => string,
): UsableParts {
  const stores = lacking(config.stores, 'stores', missing);
  const places = lacking(config.copies, 'copies', missing);
  const sources = lacking(config.sources, 'sources', missing);
  const urlOf = (name: string): string => config.stores.find((one) => one.name === name)?.url ?? name;
  const whyNot = ({ store, name }: NightConfig['sources'][number]): MissingSecret | undefined =>
    sources.get(name) ?? stores.get(storeOf(store));
  const whyNoCopy = ({ from, name }: NightConfig['copies'][number]): MissingSecret | undefined =>
    places.get(name) ?? stores.get(storeOf(from));
  const mail = missing.find(({ part }) => part === 'notify');
  const log = missing.find(({ part }) => part === 'backupLog');
  const { smtp: _, ...otherWays } = config.notify;
  const outcomes = [
    ...config.sources.flatMap((source) =>
      told(whyNot(source), {
        work: 'backup',
        result: 'failed',
        source: source.name,
        store: urlOf(storeOf(source.store)),
      }),
    ),
    // Of a store that is gone with its sources nothing could be copied: that is told with these.
    ...config.copies.flatMap(({ name, url }) =>
      told(places.get(name), { work: 'copy', result: 'failed', source: name, store: url }),
    ),
    ...told(mail, {
      work: 'backup',
      result: 'doubtful',
      source: 'notify.smtp',
      store: urlOf(storeOf(undefined)),
    }),
  ];
  return {
    config: {
      ...config,
      sources: config.sources.filter((source) => whyNot(source) === undefined),
      stores: config.stores.filter(({ name }) => !stores.has(name)),
      copies: config.copies.filter((copy) => whyNoCopy(copy) === undefined),
      notify: mail === undefined ? config.notify : otherWays,
      backupLog: log === undefined ? config.backupLog : undefined,
    },
    outcomes,
    warnings: log === undefined ? [] : [`Nothing is written into the log table. ${wordsOf(log)}. ${log.fix}`],
  };
}

type List = 'sources' | 'stores' | 'copies';

/** Those of a list that lack a secret, by name. */
function lacking(
  list: readonly { readonly name: string }[],
  part: List,
  missing: readonly MissingSecret[],
): ReadonlyMap<string, MissingSecret> {
  return new Map(
    missing.flatMap((one) => {
      const named = one.part === part && one.index !== undefined ? list[one.index] : undefined;
      return named === undefined ? [] : [[named.name, one] as const];
    }),
  );
}

function told(
  why: MissingSecret | undefined,
  about: Pick<Outcome, 'work' | 'result' | 'source' | 'store'>,
): Omit<Outcome, 'at'>[] {
  return why === undefined
    ? []
    : [{ ...about, what: `A secret is not there. ${wordsOf(why)}`, fix: why.fix }];
}

function wordsOf({ path, got, expected }: MissingSecret): string {
  return `${path}: got ${got}, expected ${expected}`;
}
