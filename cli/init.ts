import { existsSync, realpathSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { messageOf, UsageError } from '../core/errors.ts';
import { type RoleFlags, roleOptions, roleSql } from './init-role.ts';
import { exampleConfig } from './night/example-config.ts';
import { cronLine, isInHome, type Started, systemdUnits, type Unit } from './night/units.ts';
import { tell } from './output/edge.ts';
import { printSource } from './output/result.ts';

type InitFlags = RoleFlags & {
  readonly systemd?: true;
  readonly cron?: true;
  readonly config: string;
  readonly out?: string;
};

export function initCommand(): Command {
  const command = new Command('init')
    .description(
      'print a configuration to begin with, units for systemd, a line for cron, or the SQL of a role',
    )
    .addOption(new Option('--systemd', 'a service and a timer').conflicts('cron'))
    .addOption(new Option('--cron', 'a line for /etc/cron.d'));
  for (const option of roleOptions()) command.addOption(option);
  return command
    .option('--config <file>', 'the configuration that they name', '/etc/pgproof/pgproof.yaml')
    .option('--out <path>', 'write to this file; with --systemd to this directory. What is there stays')
    .action(run);
}

async function run(flags: InitFlags): Promise<void> {
  const { out } = flags;
  if (flags.systemd) {
    const units = systemdUnits(started(flags));
    if (out === undefined) printSource(units.map(asPrinted).join('\n'));
    else for (const { name, text } of units) await writeNew(join(out, name), text);
    return;
  }
  const text =
    roleSql(flags) ?? (flags.cron ? cronLine(started(flags)) : exampleConfig({ schema: publishedSchema() }));
  if (out === undefined) printSource(text);
  else await writeNew(out, text);
}

function asPrinted({ name, text }: Unit): string {
  return `# /etc/systemd/system/${name}\n${text}`;
}

function started({ config }: InitFlags): Started {
  const node = process.execPath;
  const pgproof = resolve(process.argv[1] ?? 'pgproof');
  const real = [node, pgproof].map((path) => realpathSync(path));
  const inHome = [...new Set(real.filter(isInHome))];
  if (inHome.length > 0)
    tell(process.stderr, [
      `${inHome.join(' and ')}: in somebody's home, where the user pgproof may not look. Install it for all (docs/install.md), or see to it.`,
    ]);
  return { node, pgproof, config: resolve(config), real };
}

/** Beside the command, wherever that is installed. */
function publishedSchema(): string | undefined {
  const script = process.argv[1];
  if (script === undefined) return undefined;
  let directory = dirname(realpathSync(script));
  for (let up = 0; up < 3; up += 1) {
    const file = join(directory, 'schema/pgproof.schema.json');
    if (existsSync(file)) return file;
    directory = dirname(directory);
  }
  return undefined;
}

/** @throws UsageError where something is there, or it cannot be written */
async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o644 });
  } catch (error: unknown) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new UsageError(
      {
        what: isThere ? 'Nothing is overwritten' : 'It could not be written',
        got: isThere ? `${JSON.stringify(path)} is there already` : messageOf(error),
        fix: isThere ? 'Remove it, or name another one with --out.' : 'Name another place with --out.',
      },
      { cause: error },
    );
  }
  tell(process.stderr, [`Written: ${path}`]);
}
