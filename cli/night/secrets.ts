import type { NightConfig } from '../../core/config/night.ts';
import { type ConfigProblem, formatPath } from '../../core/config/problem.ts';
import type { SecretReference } from '../../core/config/secret.ts';
import { readSecret, type SecretPlaces } from '../../core/source/read-secret.ts';

type WithSecrets = Pick<NightConfig, 'sources' | 'stores' | 'copies' | 'notify' | 'backupLog'>;

/** A secret that could not be had, and the part of the configuration that needs it; `index` where that is a list. */
export type MissingSecret = ConfigProblem & {
  readonly part: keyof WithSecrets;
  readonly index: number | undefined;
};

/** Secrets by the object that names them. */
export type Secrets = { readonly of: (reference: SecretReference) => string };

/** Reads every secret before anything is begun. @returns those that could not be had as problems */
export async function readSecrets(
  config: WithSecrets,
  places: SecretPlaces,
): Promise<{ readonly secrets: Secrets; readonly problems: readonly MissingSecret[] }> {
  const found = new Map<SecretReference, string>();
  const problems: MissingSecret[] = [];
  for (const [path, reference] of referencesIn(config)) {
    const { secret, problem } = await readSecret(reference, places);
    if (problem === undefined) found.set(reference, secret);
    else {
      const [part, index] = path;
      problems.push({
        path: formatPath(path),
        part,
        index: typeof index === 'number' ? index : undefined,
        ...problem,
      });
    }
  }
  const of = (reference: SecretReference): string => {
    const secret = found.get(reference);
    if (secret === undefined) throw new Error('A secret is used that was not read');
    return secret;
  };
  return { secrets: { of }, problems };
}

type Path = readonly [part: keyof WithSecrets, ...keys: PropertyKey[]];
type Named = readonly [path: Path, reference: SecretReference];

function referencesIn({ sources, stores, copies, notify, backupLog }: WithSecrets): Named[] {
  const places = (kind: 'stores' | 'copies', list: NightConfig['stores']): Named[] =>
    list.flatMap(({ accessKey }, index) => {
      if (accessKey === undefined) return [];
      const path = [kind, index, 'accessKey'] as const;
      const { id, secret, session } = accessKey;
      return [
        ...(typeof id === 'string' ? [] : [[[...path, 'id'], id] as const]),
        [[...path, 'secret'], secret] as const,
        ...(session === undefined ? [] : [[[...path, 'session'], session] as const]),
      ];
    });
  const one = (path: Path, reference: SecretReference | undefined): Named[] =>
    reference === undefined ? [] : [[path, reference]];
  return [
    ...sources.flatMap(({ password }, index) => one(['sources', index, 'password'], password)),
    ...places('stores', stores),
    ...places('copies', copies),
    ...one(['notify', 'smtp', 'password'], notify.smtp?.password),
    ...one(['backupLog', 'password'], backupLog?.password),
  ];
}
