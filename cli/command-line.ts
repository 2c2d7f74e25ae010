import { Command, CommanderError } from 'commander';
import { UsageError } from '../core/errors.ts';
import { withoutSecrets } from '../core/process/redact.ts';
import { version } from '../core/version.ts';
import { refuseContradictions } from './contradictions/refuse.ts';
import { exitStatusOf, printFailure, tellFailure } from './failure.ts';
import { tellText } from './output/edge.ts';
import { beginResult } from './output/result.ts';
import { styleFor } from './output/style.ts';

/**
 * The whole command: does what the arguments say, and tells people and programs how it ended.
 *
 * @param args without the program's own name
 * @returns the exit status
 */
export async function runCommand(args: readonly string[]): Promise<number> {
  beginResult();
  try {
    await (await commandLine(args)).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error: unknown) {
    const isCommander = error instanceof CommanderError;
    // --help and --version come this way too.
    if (isCommander && error.exitCode === 0) return 0;
    const failure = isCommander ? callProblem(error) : error;
    // Commander has told people already.
    if (!isCommander) tellFailure(failure);
    if (args.includes('--json')) printFailure(failure);
    return exitStatusOf(failure);
  }
}

/** Every verb, in the order of the help. Its file is loaded when it is asked for: none should wait for the others' libraries. */
const verbs: Readonly<Record<string, () => Promise<Command>>> = {
  backup: async () => (await import('./backup.ts')).backupCommand(),
  run: async () => (await import('./run.ts')).runCommand(),
  init: async () => (await import('./init.ts')).initCommand(),
  verify: async () => (await import('./verify.ts')).verifyCommand(),
  list: async () => (await import('./list.ts')).listCommand(),
  show: async () => (await import('./show.ts')).showCommand(),
  restore: async () => (await import('./restore.ts')).restoreCommand(),
  shell: async () => (await import('./shell.ts')).shellCommand(),
  recovery: async () => (await import('./recovery.ts')).recoveryCommand(),
  copy: async () => (await import('./copy.ts')).copyCommand(),
  prune: async () => (await import('./prune.ts')).pruneCommand(),
  hold: async () => (await import('./hold.ts')).holdCommand(),
  release: async () => (await import('./hold.ts')).releaseCommand(),
  report: async () => (await import('./report.ts')).reportCommand(),
};

/** The verb that the arguments begin with; else all of them, for the help. The version needs none. */
function askedFor([first = '']: readonly string[]): readonly (() => Promise<Command>)[] {
  if (first === '--version' || first === '-V') return [];
  const verb = Object.hasOwn(verbs, first) ? verbs[first] : undefined;
  return verb === undefined ? Object.values(verbs) : [verb];
}

/** The command with the verb that the arguments begin with, or all verbs. */
export async function commandLine(args: readonly string[]): Promise<Command> {
  const program = new Command('pgproof')
    .description('PostgreSQL backups that prove they restore')
    .version(version)
    .configureOutput({
      writeOut: (text) => tellText(process.stdout, text),
      writeErr: (text) => tellText(process.stderr, text),
      outputError: (text, write) => write(asOurs(text)),
    });
  const commands = await Promise.all(askedFor(args).map((load) => load()));
  for (const command of [program, ...commands]) {
    if (command !== program) program.addCommand(command.copyInheritedSettings(program));
    const name = command === program ? 'pgproof' : `pgproof ${command.name()}`;
    command.exitOverride().showHelpAfterError(`See: ${name} --help`);
  }
  program.hook('preAction', (_program, command) => refuseContradictions(command));
  return program;
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
  return withoutSecrets(message.replace(/^error: (.)/, (_, first: string) => first.toUpperCase()));
}

function callProblem({ code, message }: CommanderError): UsageError {
  // No command at all: commander has shown the help, and has no words for it.
  const what = code === 'commander.help' ? 'A command is missing' : said(message).replace(/\.$/, '');
  return new UsageError({ what, fix: 'See --help.' });
}
