import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { commandLine } from '../../../cli/command-line.ts';
import { rulesOf } from '../../../cli/contradictions/refuse.ts';
import { rules } from '../../../cli/contradictions/rules.ts';
import { isTermOf, type Term } from '../../../cli/contradictions/terms.ts';
import { UsageError } from '../../../core/errors.ts';

/** What a verb cannot do without, beside its id. */
const needed: Readonly<Record<string, readonly string[]>> = {
  '--store': ['--store', 's3://bucket/nowhere'],
  '--to': ['--to', 's3://bucket/elsewhere'],
  '--month': ['--month', '2026-11'],
  '--reason': ['--reason', 'why'],
};

const { commands } = await commandLine([]);

/** The call of a verb that says these; its action does nothing. */
async function call(verb: string, terms: readonly Term[], more: readonly string[] = []): Promise<void> {
  const program = await commandLine([verb]);
  const [command] = program.commands;
  if (command === undefined) throw new Error('every verb has its command');
  command.action(() => undefined);
  const said = terms.flatMap(({ example }) => example);
  const others = command.options.flatMap(({ long, mandatory }) =>
    mandatory && long && !said.includes(long) ? (needed[long] ?? []) : [],
  );
  const hasId = terms.some(({ flag }) => flag === undefined);
  const id = command.registeredArguments[0]?.required && !hasId ? ['a/b/latest'] : [];
  await program.parseAsync([verb, ...id, ...others, ...said, ...more], { from: 'user' });
}

const pairs = commands.flatMap((command: Command) =>
  rulesOf(command).flatMap(({ given, against = [] }) =>
    given.flatMap((one) => against.map((other) => ({ verb: command.name(), one, other }))),
  ),
);
const alone = commands.flatMap((command: Command) =>
  rulesOf(command).flatMap(({ given, needs = [] }) =>
    needs.length === 0 ? [] : given.map((one) => ({ verb: command.name(), one, needs })),
  ),
);
const wordsOf = ({ flag, example }: Term): string => (flag === undefined ? 'ID' : example.join(' '));

describe('two that cannot both be meant are refused as a wrong call', () => {
  test.each(pairs.map((pair) => [pair.verb, wordsOf(pair.one), wordsOf(pair.other), pair] as const))(
    '%s %s %s',
    async (verb, _one, _other, { one, other }) => {
      for (const order of [
        [one, other],
        [other, one],
      ]) {
        const refused = await call(verb, order).catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(UsageError);
      }
    },
  );
});

describe('what says something about another flag only is refused without it', () => {
  test.each(alone.map((one) => [one.verb, wordsOf(one.one), one] as const))(
    '%s %s',
    async (verb, _words, { one, needs }) => {
      await expect(call(verb, [one])).rejects.toThrow(`${one.flag} says nothing alone`);
      for (const other of needs) await expect(call(verb, [one, other])).resolves.toBeUndefined();
    },
  );
});

test('there are no rules about flags that no command has', () => {
  for (const { given, against = [], needs = [] } of rules)
    for (const term of [...given, ...against, ...needs])
      expect(
        commands.some((command) => isTermOf(command, term)),
        wordsOf(term),
      ).toBe(true);
});

describe('what is meant often is not refused', () => {
  const bucket: Term = { flag: undefined, example: [], said: () => undefined };
  test.each([
    [
      'verify',
      'a/b/latest --any --thaw --thaw-days 2 --level restore --restore-timeout 600 --allow-uncontained',
    ],
    [
      'restore',
      'a/b/latest --any --cluster 7 --replace-incomplete --create --globals apply --allow-superusers',
    ],
    ['restore', 'a/b/latest --globals-only --allow-superusers --to postgresql://u@h/d --dry-run'],
    ['restore', 'a/b/latest --into-schema new --table a --schema b --into-non-empty --keep-going --dry-run'],
    ['restore', 'a/b/2026-11-20T02-00-00Z --data-only --into-non-empty --no-owner --thaw --thaw-days 3'],
    ['copy', '--all-missing --name a --database b --keep daily=7 --min 2 --dry-run'],
    ['copy', 'a/b/latest --any --failed-too'],
    ['prune', '--sweep --name a --yes'],
    ['list', '--name a --keep daily=7 --no-verified --since 3d --held'],
    ['backup', '--database a --schema b --verify restore --restore-timeout 600 --storage-class STANDARD_IA'],
  ])('%s %s', async (verb, words) => {
    await expect(call(verb, [bucket], words.split(' '))).resolves.toBeUndefined();
  });
});

test('what the environment says for every call is no contradiction of one', async () => {
  const before = process.env.AWS_ENDPOINT_URL_S3;
  process.env.AWS_ENDPOINT_URL_S3 = 'http://nowhere.invalid';
  try {
    await expect(call('list', [], ['--store', 'file:///nonexistent/store'])).resolves.toBeUndefined();
  } finally {
    if (before === undefined) delete process.env.AWS_ENDPOINT_URL_S3;
    else process.env.AWS_ENDPOINT_URL_S3 = before;
  }
});
