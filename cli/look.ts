import { UsageError } from '../core/errors.ts';
import { majorsOf } from '../core/manifest/majors.ts';
import type { Uncontained } from '../core/postgres/server/uncontained.ts';
import { checkNames } from '../core/restore/check-names.ts';
import type { ChosenBackup } from '../core/restore/choose-backup.ts';
import { chooseEntries } from '../core/restore/choose-entries.ts';
import { isPartial, type Selection } from '../core/restore/request.ts';
import type { Scratch } from '../core/scratch/scratch.ts';
import type { Store } from '../core/store/store.ts';
import { type LookPlan, planLook } from '../core/verify/look/plan.ts';
import { type LookedAt, withRestored } from '../core/verify/look/with-restored.ts';
import type { VerifyProgress } from '../core/verify/request.ts';
import { machinePrograms, psqlFor } from './programs.ts';

export type Look = {
  readonly chosen: ChosenBackup;
  readonly selection: Selection;
  readonly store: Store;
  readonly scratch: Scratch;
  readonly uncontained: Uncontained;
  readonly signal: AbortSignal;
  /** Hears a line of text per step of fetching programs. */
  readonly say: (line: string) => void;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
  /** Called once all is there that it takes, and nothing was fetched of the backup. */
  readonly beforeFetching?: ((plan: LookPlan) => Promise<void>) | undefined;
};

/**
 * Restores a backup, or what is selected of it, with this machine's programs into a private server that is gone after
 * `use`, which also gets the path of a psql for it.
 *
 * @throws UsageError, ScratchTooSmall, NoServerTools, NotInBackup, and what withRestored throws
 */
export async function lookInto<T>(
  { chosen, selection, store, scratch, uncontained, signal, say, onProgress, beforeFetching }: Look,
  use: (looked: LookedAt, psql: string) => Promise<T>,
): Promise<T> {
  const { id, manifest } = chosen;
  const isOfSome = isPartial(selection);
  if (isOfSome && manifest.dump.format === 'plain')
    throw new UsageError({
      what: 'A backup in plain SQL is restored as a whole only',
      got: '--table, --schema, --exclude-table or --exclude-schema',
      fix: 'Leave these out: all of it is there then.',
    });
  checkNames(manifest, selection);
  const plan = await planLook(manifest, { scratch, isPartial: isOfSome });
  const programs = machinePrograms({ signal, onProgress: say });
  const serverTools = await programs.verificationTools(majorsOf(manifest).needed);
  const psql = await psqlFor(serverTools.client, signal);
  await beforeFetching?.(plan);
  return await withRestored(
    {
      id,
      manifest,
      plan,
      choose: isOfSome
        ? (archive) => chooseEntries(manifest, selection, { ...archive, intoEmpty: true, keepGoing: true })
        : undefined,
    },
    { store, serverTools, scratch, signal, uncontained, onProgress },
    (looked) => use(looked, psql),
  );
}
