import type { Outcome } from '../../core/notify/alert.ts';
import type { CollectingNotifier } from '../../core/notify/digest.ts';

/**
 * What core/ advises names options as the command's verbs spell them. Whoever reads it of a night has a configuration, where
 * they are keys. A test looks for advice that names another flag than these.
 */
const keys: readonly (readonly [flag: RegExp, key: string])[] = [
  // What is spelt both ways already.
  [/--allow-uncontained \(verify\.allowUncontained\)/g, 'verify.allowUncontained: true'],
  [/--no-verified \(prune\.verified\)/g, 'prune.verified: false'],
  [
    /(?:--without (?:"[^"]*"|'(?:[^']|'\\'')*') ?)+, or verify\.without (\[.*?\]) in cdk\.json/g,
    'verify.without: $1',
  ],
  [/ \(--name; of the functions, the name of the source\)/g, ' (sources[].name)'],
  [/--endpoint (\S+) \(endpoint in a configuration\)/g, 'endpoint: $1'],
  [/--lock-wait-timeout/g, 'sources[].lockWaitSeconds'],
  [/--stall-timeout/g, 'sources[].stallSeconds'],
  [/--restore-timeout/g, 'verify.restoreTimeoutSeconds'],
  [/--scratch/g, 'the environment variable TMPDIR'],
  [/--database\b/g, 'sources[].databases'],
  [/--source \(or --to\)/g, 'sources[].url'],
  [/--source\b/g, 'sources[].url'],
  [/--object-lock\b/g, 'objectLock'],
  [/a --name of its own/g, 'a source of its own'],
  [
    /\(URL, PGPASSWORD, password file or secret\)/g,
    '(where sources[].password says, else PGPASSWORD or ~/.pgpass)',
  ],
];

/** The same advice for who reads pgproof.yaml. Of the text of other programs nothing is changed. */
export function inKeys(text: string): string {
  return keys.reduce((said, [flag, key]) => said.replace(flag, key), text);
}

/** A notifier whose readers have a configuration, and no flags. */
export function inKeysOf(notifier: CollectingNotifier): CollectingNotifier {
  return {
    outcomes: notifier.outcomes,
    tell: (outcome) => notifier.tell({ ...outcome, ...adviceOf(outcome) }),
  };
}

function adviceOf({ fix }: Outcome): Pick<Outcome, 'fix'> {
  return fix === undefined ? {} : { fix: inKeys(fix) };
}
