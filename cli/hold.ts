import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Held, holdBackup, type LegalHold } from '../core/prune/hold.ts';
import { releaseBackup } from '../core/prune/release.ts';
import { interruptible } from './interrupt.ts';
import {
  type LatestFlags,
  latestFrom,
  prunableStoreFrom,
  type StoreFlags,
  storeCommand,
  withLatestFlags,
} from './options.ts';
import { tell } from './output/edge.ts';
import { choiceLines, passedOverJson } from './output/passed-over.ts';
import { printJson, printLines } from './output/result.ts';
import { styleFor } from './output/style.ts';
import { thisPerson } from './this-person.ts';
import { timeToCome } from './time.ts';

const idArgument = 'SOURCE/DATABASE/STARTED-AT, or SOURCE/DATABASE/latest';

type ByFlag = LatestFlags & { readonly by?: string; readonly json?: true };

function byOption(): Option {
  return new Option('--by <who>', 'who says so; default: this user and machine').argParser(textOf);
}

/** A text that says something. */
function textOf(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It cannot be empty.');
  return text;
}

/** One small object that is written, or taken away. */
const eitherWay = 'The hold is there or it is not, and nothing between: pgproof show ID tells.';

export function holdCommand(): Command {
  return withLatestFlags(storeCommand('hold'))
    .description('keep a backup, whatever retention says')
    .argument('<id>', idArgument)
    .addOption(
      new Option('--reason <text>', 'why; whoever prunes or lists reads it')
        .argParser(textOf)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--until <time>', 'until then only; default: until it is released').argParser((text) =>
        timeToCome(text),
      ),
    )
    .addOption(byOption())
    .action(hold);
}

async function hold(
  backup: string,
  flags: StoreFlags & ByFlag & { readonly reason: string; readonly until?: Date },
): Promise<void> {
  const store = await prunableStoreFrom(flags);
  const held = await interruptible(eitherWay, (signal) =>
    holdBackup(
      {
        backup,
        ...latestFrom(flags),
        reason: flags.reason,
        by: flags.by ?? thisPerson(),
        until: flags.until,
      },
      { store, clock: () => new Date(), signal },
    ),
  );
  const { choice, ...result } = held;
  tell(
    process.stderr,
    choiceLines(
      choice,
      { text: backup, id: held.id, storeUrl: store.url, ...flags },
      styleFor(process.stderr),
    ),
  );
  if (flags.json) printJson({ ...result, ...passedOverJson(choice.passedOver) });
  else printLines(heldLines(held));
}

function heldLines({ id, hold, legalHold }: Held): string[] {
  const until =
    hold.until === undefined ? `until it is released: pgproof release ${id}` : `until ${hold.until}`;
  return [
    `${id} is kept ${until}`,
    `Why: ${hold.reason} (${hold.by}, ${hold.heldAt})`,
    legalHoldLine(legalHold),
  ];
}

function legalHoldLine(legalHold: LegalHold): string {
  switch (legalHold.kind) {
    case 'done':
      return 'The bucket keeps its objects too (legal hold): nobody can delete their versions.';
    case 'unsupported':
      return 'prune heeds it; the store itself has no holds, and whoever may delete there still can.';
    case 'refused':
      return `prune heeds it; the bucket could not be told (legal hold): ${legalHold.why.message}`;
  }
}

export function releaseCommand(): Command {
  return withLatestFlags(storeCommand('release'))
    .description(
      'give a backup back to retention: its hold goes, or the pin that a sudden loss of rows put on it',
    )
    .argument('<id>', idArgument)
    .addOption(new Option('--reason <text>', 'why it need not be kept').argParser(textOf))
    .addOption(byOption())
    .action(release);
}

async function release(
  backup: string,
  flags: StoreFlags & ByFlag & { readonly reason?: string },
): Promise<void> {
  const store = await prunableStoreFrom(flags);
  const released = await interruptible(eitherWay, (signal) =>
    releaseBackup(
      { backup, ...latestFrom(flags), by: flags.by ?? thisPerson(), reason: flags.reason },
      { store, clock: () => new Date(), signal },
    ),
  );
  const { choice, ...result } = released;
  tell(
    process.stderr,
    choiceLines(
      choice,
      { text: backup, id: released.id, storeUrl: store.url, ...flags },
      styleFor(process.stderr),
    ),
  );
  if (flags.json) printJson({ ...result, ...passedOverJson(choice.passedOver) });
  else if (released.from === 'hold') printLines([`${released.id} is no longer held; retention decides.`]);
  else
    printLines([
      released.wasReleased
        ? `${released.id} was released before.`
        : `${released.id} is released: what came after it is meant. It goes when the new level has held for 14 days and no rule keeps it.`,
    ]);
}
