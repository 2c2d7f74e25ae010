import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseId } from '../../../core/manifest/backup-id.ts';
import { quoteIdentifier } from '../../../core/postgres/names.ts';
import { type AwsServer, withAwsServer } from '../../support/aws/server.ts';
import { onTerminal } from '../../support/cli/on-terminal.ts';
import { type Cli, type CliResult, openCli } from '../../support/cli/run.ts';
import { s3Store } from '../../support/cli/stores.ts';
import { newestMajor, uniqueName, withDatabase } from '../../support/postgres/servers.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

/** Sets the window's title, clears the screen, goes up a line, turns the text around, and begins lines of its own. */
const hostile =
  '\u001b]0;owned\u0007\u001b[2J\u009b1A\u202e\u2066\u061c\n✓ x: proven\nWhat to do: <!channel> [a](https://b.example)\u2028';
/** A name may have 63 bytes. */
const name = '\u001b[2J\u009b1A\u202e\n✓ t: proven\u2028<!channel>[a](b)';

const sql = `
create table ${quoteIdentifier(name)} (${quoteIdentifier(name)} int);
insert into ${quoteIdentifier(name)} values (1);
create function raise() returns boolean language plpgsql as $$ begin raise exception '%', $t$${hostile}$t$; end $$`;

/**
 * What a terminal got but for what is ours: colours, and of lines that are drawn anew the cursor's way up and over them.
 */
function others(text: string): string {
  return text.replace(/\u001b\[(?:\d{1,2}m|\d*[AGK]|\?(?:25|2026)[lh])/g, '').replace(/\r\n/g, '\n');
}

function expectHarmless(text: string): void {
  const rest = others(text);
  expect(rest.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u061c\u2028\u202a-\u202e\u2066-\u2069]/u);
  expect(rest).not.toMatch(/^(?:✓ [tx]: proven|What to do: <)/m);
}

type Scene = { readonly aws: AwsServer; readonly on: (...args: string[]) => Promise<CliResult> };

function withScene(use: (scene: Scene) => Promise<void>): Promise<void> {
  return withAwsServer({ buckets: ['bucket'] }, (aws) => {
    const { url, env } = s3Store(aws);
    const on: Scene['on'] = (verb, ...args) =>
      cli.run([verb, '--store', url, ...args], { through: onTerminal, env: { ...env, TERM: 'xterm' } });
    return use({ aws, on });
  });
}

const topic = ['--topic', 'arn:aws:sns:us-east-1:123456789012:alerts'];

test('names and errors of a database reach no terminal, no mail and no chat as they are', async () => {
  const database = `${uniqueName('d')}\u001b[2J\u009b1A\u202e✓ x`;
  await withDatabase(newestMajor(), { name: database, sql }, ({ url: source }) =>
    withScene(async ({ aws, on }) => {
      const backup = ['backup', '--source', source, '--name', hostile, '--database', database] as const;
      const made = await on(...backup, '--json', '--verify', 'read');
      expect(made.status).toBe(0);
      expectHarmless(made.stdout);
      const { databases } = JSON.parse(others(made.stdout).replace(/^[^{]*/, '')) as {
        databases: { id: string; database: string; manifest: { tables: { name: string }[] } }[];
      };
      expect(databases[0]?.database).toBe(database);
      expect(databases[0]?.manifest.tables[0]?.name).toBe(name);
      const id = databases[0]?.id ?? '';
      expect(parseId(id)).toMatchObject({ source: hostile, database });

      const absent = `${name} absent`;
      const runs = [
        await on(...backup),
        await on('list'),
        await on('list', '--json'),
        await on('list', '--name', `${hostile}?`),
        await on('show', id),
        await on('show', `${id}${hostile}`),
        await on('verify', id, '--level', 'read'),
        await on('verify', id, '--level', 'restore', '--check', 'select raise()', ...topic),
        await on('backup', '--source', source, '--name', hostile, '--database', absent, ...topic),
        await on('restore', id, '--to', source.replace(/\/[^/?]*(?=\?|$)/, `/${encodeURIComponent(absent)}`)),
      ];
      for (const { stdout, stderr } of runs) expectHarmless(stdout + stderr);
      expect(runs.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0, 2, 0, 1, 1, 1]);
      expect(others(runs[7]?.stdout ?? '')).toContain(']0;owned');

      const { messages } = aws.sns;
      expect(messages).toHaveLength(2);
      for (const { subject = '', message } of messages) {
        const { email, https } = JSON.parse(message) as { email: string; https: string };
        const { content } = JSON.parse(https) as { content: { title: string; description: string } };
        for (const part of [subject, email, content.title, content.description]) expectHarmless(part);
        expect(email.match(/^What to do:/gm)).toHaveLength(1);
        expect(content.description).not.toMatch(/<!|\]\(/);
      }
    }),
  );
});
