import { readFile } from 'node:fs/promises';
import { checksSchema, type UserCheck } from '../core/config/checks.ts';
import { ConfigurationError, formatPath } from '../core/config/problem.ts';
import { messageOf, UsageError } from '../core/errors.ts';
import { readYaml } from '../core/night/read-yaml.ts';
import { type LevelChoice, mayRestore } from '../core/vocabulary.ts';

export type CheckFlags = {
  readonly level: LevelChoice;
  readonly check?: readonly string[];
  readonly checks?: string;
};

/**
 * The user's own checks: SQL of --check, and what a file lists as `checks` of a configuration does, which has room for
 * programs and their arguments.
 * @throws UsageError where nothing would be restored to run them in; ConfigurationError with all problems of the file
 */
export async function checksFrom({ check = [], checks, level }: CheckFlags): Promise<readonly UserCheck[]> {
  const flag = check.length > 0 ? '--check' : '--checks';
  if ((check.length > 0 || checks !== undefined) && !mayRestore(level))
    throw new UsageError({
      what: `${flag} needs a database to run in`,
      got: `--level ${level}`,
      expected: '--level restore',
      fix: 'Add --level restore.',
    });
  const listed = checks === undefined ? [] : await checksIn(checks);
  return [...check.map((sql) => ({ sql })), ...listed];
}

async function checksIn(path: string): Promise<readonly UserCheck[]> {
  const { raw, problems } = readYaml(await textOf(path));
  if (problems.length > 0) throw new ConfigurationError(path, problems);
  const parsed = checksSchema.min(1).safeParse(raw);
  if (parsed.success) return parsed.data;
  // What stands in the file is not repeated: SQL may hold a password.
  throw new ConfigurationError(
    path,
    parsed.error.issues.map((issue) => ({
      path: formatPath(issue.path) || 'the whole file',
      got: issue.code === 'unrecognized_keys' ? 'an unknown key' : 'something else',
      expected:
        issue.code === 'custom' || issue.code === 'invalid_type'
          ? issue.message.replace(/^(expected|Invalid input: expected) /, '').replace(/, received .*$/, '')
          : 'a list of checks, each with sql or command, and name, database and timeoutSeconds if you like',
      fix: 'Write, for example: [{ "sql": "select count(*) > 1000 from orders" }].',
    })),
  );
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause: unknown) {
    throw new UsageError(
      {
        what: '--checks cannot be read',
        got: messageOf(cause),
        expected: 'a file of YAML or JSON with a list of checks',
        fix: 'Check the path.',
      },
      { cause },
    );
  }
}
