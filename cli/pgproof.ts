#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { messageOf, PgproofError, UsageError } from '../functions/shared/errors.ts';
import { version } from '../functions/shared/version.ts';
import { backupCommand } from './backup.ts';
import { Interrupted } from './interrupt.ts';
import { listCommand } from './list.ts';
import { styleFor } from './output/style.ts';
import { showCommand } from './show.ts';
import { verifyCommand } from './verify.ts';

const program = new Command('pgproof')
  .description('PostgreSQL backups that prove they restore')
  .version(version)
  .showHelpAfterError('(--help shows what there is)')
  .configureOutput({ outputError: (text, write) => write(styleFor(process.stderr).red(text)) });
for (const command of [backupCommand(), verifyCommand(), listCommand(), showCommand()]) {
  program.addCommand(command.copyInheritedSettings(program));
}

/** 0 done, 1 the work failed, 2 the call was wrong, 128 + n ended by a signal. */
function exitStatusOf(error: unknown): number {
  if (error instanceof Interrupted) return error.exitStatus;
  return error instanceof UsageError ? 2 : 1;
}

function tell(error: unknown): void {
  const style = styleFor(process.stderr);
  const name = error instanceof PgproofError ? '' : `${error instanceof Error ? error.name : 'Error'}: `;
  process.stderr.write(`${style.red('pgproof:')} ${name}${messageOf(error)}\n`);
  if (process.env.PGPROOF_DEBUG && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
}

// A reader that stops early (`pgproof list | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

for (const command of [program, ...program.commands]) command.exitOverride();
try {
  await program.parseAsync();
} catch (error: unknown) {
  if (error instanceof CommanderError) {
    // Commander has said what was wrong with the call; --help and --version come this way too, with status 0.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    tell(error);
    process.exitCode = exitStatusOf(error);
  }
}
