import { type Command, Option } from 'commander';
import { findBackup } from '../functions/shared/catalog/catalog.ts';
import { formatId } from '../functions/shared/manifest/backup-id.ts';
import type { Level } from '../functions/shared/manifest/verification.ts';
import { type NotifyPolicy, notifyPolicies } from '../functions/shared/notify/notifier.ts';
import { obtainTools } from '../functions/shared/postgres/obtain-tools.ts';
import { rememberTools } from '../functions/shared/postgres/remember-tools.ts';
import { BackupNotGood } from '../functions/verify/verdict-error.ts';
import { verifyAndTell } from '../functions/verify/verify-and-tell.ts';
import { notifierFor, withAlertFlags } from './alerts.ts';
import { interruptible } from './interrupt.ts';
import { type StoreFlags, storeCommand, storeFrom } from './options.ts';
import { printJson, printText } from './output/result.ts';
import { styleFor } from './output/style.ts';
import { checkLines, verdictText } from './output/verdicts.ts';
import { verifyProgress } from './output/verify-progress.ts';

type VerifyFlags = StoreFlags & {
  readonly level: Level;
  readonly topic?: string;
  readonly notify: NotifyPolicy;
  readonly json?: true;
};

export function verifyCommand(): Command {
  const command = storeCommand('verify')
    .description('prove a backup: read back every byte, decode all of it, count the rows of every table')
    .argument('<id>', 'SOURCE/DATABASE/STARTED-AT, or SOURCE/DATABASE/latest')
    .addOption(new Option('--level <level>', 'how deep').choices(['checksum', 'read']).default('read'));
  return withAlertFlags(command, notifyPolicies).action(run);
}

async function run(text: string, flags: VerifyFlags): Promise<void> {
  const store = await storeFrom(flags);
  const notifier = await notifierFor(flags.topic);
  const progress = verifyProgress(process.stderr);
  const verification = await interruptible(async (signal) => {
    const id = await findBackup(store, text, { signal });
    progress.start(formatId(id));
    return verifyAndTell(
      { id, level: flags.level },
      {
        ...{ store, notifier, notify: flags.notify, signal },
        tools: rememberTools((serverMajor) => obtainTools({ serverMajor, signal, onProgress: progress.say })),
        clock: () => new Date(),
        onProgress: progress.on,
      },
    );
  }).finally(progress.stop);
  if (flags.json) printJson(verification);
  else {
    const style = styleFor(process.stdout);
    const lines = [
      `${verification.id}: ${verdictText(verification, style)}`,
      ...checkLines(verification, style),
    ];
    printText(lines.join('\n'));
  }
  if (verification.verdict === 'failed' || verification.verdict === 'unverifiable')
    throw new BackupNotGood(verification);
}
