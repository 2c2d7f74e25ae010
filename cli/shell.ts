import { type Command, Option } from 'commander';
import { UsageError } from '../core/errors.ts';
import { findBackup } from '../core/inventory/read-backup.ts';
import { formatId } from '../core/manifest/backup-id.ts';
import { type ChosenBackup, chooseBackup } from '../core/restore/choose-backup.ts';
import { isPartial, type Selection, wholeBackup } from '../core/restore/request.ts';
import { formatAge, formatDuration } from '../core/text/units.ts';
import type { LookPlan } from '../core/verify/look/plan.ts';
import type { LookedAt } from '../core/verify/look/with-restored.ts';
import { allowUncontainedOption, uncontainedFrom } from './containment.ts';
import { interruptible } from './interrupt.ts';
import { lookInto } from './look.ts';
import {
  type LatestFlags,
  latestFrom,
  type StoreFlags,
  storeCommand,
  storeFrom,
  withAsOf,
  withLatestFlags,
} from './options.ts';
import { lackingLines, restoredLine, wayLines } from './output/looked-at.ts';
import { expectedLine } from './output/measured.ts';
import { partialWarning } from './output/partial.ts';
import { choiceLines } from './output/passed-over.ts';
import { styleFor } from './output/style.ts';
import { verifyProgress } from './output/verify-progress.ts';
import { runPsql, socketConninfo } from './psql.ts';
import { scratchFrom } from './scratch.ts';
import { namesFrom, type SelectionFlags, withSelectionFlags } from './selection-flags.ts';
import { type ThawFlags, thawIfAsked, withThawFlags } from './thaw.ts';

type ShellFlags = StoreFlags &
  ThawFlags &
  LatestFlags &
  SelectionFlags & {
    readonly allowUncontained?: true;
    readonly scratch?: string;
    readonly json?: true;
  };

export function shellCommand(): Command {
  // In the order in which they were given, as psql does them.
  const steps: string[] = [];
  const step =
    (flag: string) =>
    (text: string): string => {
      steps.push(flag, text);
      return text;
    };
  return withSelectionFlags(withLatestFlags(withThawFlags(withAsOf(storeCommand('shell')))))
    .description('look into a backup: restores it into a private server, opens psql in it, and takes it away')
    .argument('<id>', 'SOURCE/DATABASE/STARTED-AT, or SOURCE/DATABASE/latest: the newest good one')
    .addOption(
      new Option(
        '-c, --command <sql>',
        'psql runs this instead of asking; may be given several times',
      ).argParser(step('-c')),
    )
    .addOption(
      new Option('-f, --file <file>', 'psql runs what is in this file; may be given several times').argParser(
        step('-f'),
      ),
    )
    .addOption(allowUncontainedOption())
    .option(
      '--scratch <directory>',
      "where the private server lies (default: the system's directory for temporary files)",
    )
    .action((text: string, flags: ShellFlags) => run(text, flags, steps));
}

const shellIsGone = 'The private server is gone, and all that was restored into it; the backup is as it was.';

async function run(text: string, flags: ShellFlags, steps: readonly string[]): Promise<void> {
  if (flags.json)
    throw new UsageError({
      what: 'What psql prints is no JSON document',
      got: '--json',
      fix: "Leave it out, and have SQL make the JSON: -c 'select json_agg(t) from t'.",
    });
  const scratch = await scratchFrom(flags);
  const store = await storeFrom(flags);
  const selection: Selection = { ...wholeBackup, ...namesFrom(flags) };
  const style = styleFor(process.stderr);
  const progress = await verifyProgress(process.stderr);
  const careful = (line: string): void => progress.say(`${style.yellow('Careful:')} ${line}`);
  const status = await interruptible(shellIsGone, async (signal) => {
    // Looking changes nothing: where none is good it is the newest, and that is said.
    const choice = await findBackup(store, text, { ...latestFrom(flags), signal });
    const of = { text, id: formatId(choice.id), storeUrl: store.url, any: flags.any };
    for (const line of choiceLines(choice, of, style)) progress.say(line);
    const chosen = await chooseBackup(store, formatId(choice.id), { signal });
    const { id, manifest } = chosen;
    for (const line of partialWarning(manifest, formatId(id))) careful(line);
    if (!chosen.isGood && choice.notGood === undefined)
      careful(`${formatId(id)} is ${chosen.verdict ?? 'not verified'}`);
    return await lookInto(
      {
        chosen,
        selection,
        store,
        scratch,
        signal,
        uncontained: uncontainedFrom(flags),
        say: progress.say,
        onProgress: progress.on,
        beforeFetching: async (plan) => {
          progress.say(beginning(chosen, plan, isPartial(selection)));
          await thawIfAsked(flags, { store, id, manifest, signal }, progress.say);
          progress.start(formatId(id));
        },
      },
      async (looked, program) => {
        progress.stop();
        const isAsking = steps.length === 0 && process.stdin.isTTY === true;
        for (const line of [...lackingLines(looked.lacking, style), ...greeting(looked, isAsking)])
          progress.say(line);
        const { parameters } = looked;
        return await runPsql({ program, parameters, steps, signal: looked.signal });
      },
    );
  }).finally(progress.stop);
  // psql's own, also where it is what pgproof has for a call that was wrong.
  process.exitCode = status;
}

/** Which backup, how old, how good, and how long it will take: before anything is fetched. */
function beginning(
  { id, manifest, verdict, measured }: ChosenBackup,
  plan: LookPlan,
  isOfSome: boolean,
): string {
  const age = formatAge((Date.now() - id.startedAt.getTime()) / 1_000);
  const bySize = measured === undefined ? `; by its size some ${formatDuration(plan.seconds)}` : '';
  const less = isOfSome ? '; less for what was asked for' : '';
  return `${formatId(id)}: ${age} old, ${verdict ?? 'not verified'}; ${expectedLine(manifest, measured)}${bySize}${less}`;
}

function greeting(looked: LookedAt, isAsking: boolean): string[] {
  const notes = looked.notes.map((note) => `Note: ${note}`);
  if (!isAsking) return notes;
  return [...notes, restoredLine(looked), ...wayLines(looked, socketConninfo(looked.parameters))];
}
