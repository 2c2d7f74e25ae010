#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { PgproofError, UsageError } from '../core/errors.ts';
import { redactor } from '../core/process/redact.ts';
import { version } from '../core/version.ts';
import { backupCommand } from './backup.ts';
import { exitStatusOf, printFailure, tellFailure } from './failure.ts';
import { listCommand } from './list.ts';
import { tellText } from './output/edge.ts';
import { styleFor } from './output/style.ts';
import { restoreCommand } from './restore.ts';
import { showCommand } from './show.ts';
import { verifyCommand } from './verify.ts';

// The SDK tells users of an older Node to upgrade for its next versions; which version is used is pgproof's business.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

const program = new Command('pgproof')
  .description('PostgreSQL backups that prove they restore')
  .version(version)
  .configureOutput({
    writeOut: (text) => tellText(process.stdout, text),
    writeErr: (text) => tellText(process.stderr, text),
    outputError: (text, write) => write(asOurs(text)),
  });
const commands = [backupCommand(), verifyCommand(), listCommand(), showCommand(), restoreCommand()];
for (const command of [program, ...commands]) {
  if (command !== program) program.addCommand(command.copyInheritedSettings(program));
  const name = command === program ? 'pgproof' : `pgproof ${command.name()}`;
  command.exitOverride().showHelpAfterError(`See: ${name} --help`);
}

/** Commander's messages in the same dress as our own. */
function asOurs(text: string): string {
  return text.replace(
    /^error: .*/,
    (message) => `${styleFor(process.stderr).red('pgproof:')} ${said(message)}`,
  );
}

/** Commander repeats what was typed: with a flag misspelt, that may be a URL with its password. */
function said(message: string): string {
  return redactor([])(message.replace(/^error: (.)/, (_, first: string) => first.toUpperCase()));
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that stops early (`pgproof list | head`) is no failure, and no reason to stop a backup.
  if (error.code === 'EPIPE') return;
  const what = 'The result could not be written to standard output';
  tellFailure(
    new PgproofError({ what, got: error.message, fix: 'Send it somewhere else.' }, { cause: error }),
  );
  process.exitCode = 1;
});
// With standard error gone there is no one left to tell; the work goes on, and the exit status says how it ended.
process.stderr.on('error', () => undefined);

try {
  await program.parseAsync();
} catch (error: unknown) {
  const isCommander = error instanceof CommanderError;
  // --help and --version come this way too.
  if (!isCommander || error.exitCode !== 0) {
    const failure = isCommander ? callProblem(error) : error;
    // Commander has told people already.
    if (!isCommander) tellFailure(failure);
    if (process.argv.includes('--json')) printFailure(failure);
    process.exitCode = exitStatusOf(failure);
  }
}

function callProblem({ code, message }: CommanderError): UsageError {
  // No command at all: commander has shown the help, and has no words for it.
  const what = code === 'commander.help' ? 'A command is missing' : said(message).replace(/\.$/, '');
  return new UsageError({ what, fix: 'See --help.' });
}
