import type { Command } from 'commander';

/** Something that a call may say. */
export type Term = {
  /** The flag of it, which a command has or has not; undefined for what stands without one. */
  readonly flag: string | undefined;
  /** Arguments that say it, as a person might. */
  readonly example: readonly string[];
  /** How the call says it; undefined where it does not. */
  readonly said: (command: Command) => string | undefined;
};

/** A flag that was typed. What the environment or a default says was not meant for this call alone. */
export function flag(name: string, value?: string): Term {
  return {
    flag: name,
    example: value === undefined ? [name] : [name, value],
    said: (command) => {
      const key = keyOf(command, name);
      return key !== undefined && command.getOptionValueSource(key) === 'cli' ? name : undefined;
    },
  };
}

/** A flag that has one of these values, by default too. */
export function valued(name: string, ...values: readonly string[]): Term {
  return {
    flag: name,
    example: [name, values[0] ?? ''],
    said: (command) => {
      const value = valueIn(command, name);
      return typeof value === 'string' && values.includes(value) ? `${name} ${value}` : undefined;
    },
  };
}

/** A flag with any value, wherever it comes from. */
export function set(name: string, value?: string): Term {
  return {
    ...flag(name, value),
    said: (command) => {
      const given = valueIn(command, name);
      return given === undefined || given === false ? undefined : name;
    },
  };
}

/** A flag that names a directory, where others name a bucket. */
export function directory(name: string): Term {
  const url = 'file:///nonexistent/directory';
  return {
    flag: name,
    example: [name, url],
    said: (command) => {
      const value = valueIn(command, name);
      return typeof value === 'string' && value.startsWith('file:') ? `${name} file://…` : undefined;
    },
  };
}

/** A backup by its id, and not by `latest`. */
export const anId: Term = {
  flag: undefined,
  example: ['a/b/2026-11-20T02-00-00Z'],
  said: ({ args: [first] }) =>
    first === undefined || first.endsWith('/latest') ? undefined : 'a backup by its id',
};

/** Whether a command could be called so at all. */
export function isTermOf(command: Command, { flag }: Term): boolean {
  return flag === undefined ? command.registeredArguments.length > 0 : keyOf(command, flag) !== undefined;
}

function keyOf(command: Command, name: string): string | undefined {
  return command.options.find(({ long }) => long === name)?.attributeName();
}

function valueIn(command: Command, name: string): unknown {
  const key = keyOf(command, name);
  return key === undefined ? undefined : command.getOptionValue(key);
}
