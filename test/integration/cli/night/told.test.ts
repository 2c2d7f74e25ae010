import { chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AwsServer, withAwsServer } from '../../../support/aws/server.ts';
import { type Cli, type CliResult, openCli } from '../../../support/cli/run.ts';
import { headerOf, type MailServer, startMailServer, textOf } from '../../../support/mail/smtp-server.ts';
import { newestMajor, type TestDatabase, withDatabase } from '../../../support/postgres/servers.ts';
import { fixture } from '../../../support/postgres/tls-fixtures.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

const mailPassword = 'canary-mail-31';

type Scene = {
  readonly directory: string;
  readonly database: TestDatabase;
  readonly aws: AwsServer;
  readonly mail: MailServer;
  /** Writes pgproof.yaml: sources `shop`, and `gone` of which nothing answers; changed by `more`. */
  readonly write: (more?: object) => Promise<void>;
  readonly run: (...args: string[]) => Promise<CliResult>;
  /** Events of hooks, in their order. */
  readonly hooks: () => Promise<string[]>;
  readonly log: () => Promise<{ source: string; database_name: string; status: string; error: string }[]>;
};

const schedules = [{ name: 'nightly', cron: '0 2 * * *' }];
let scenes = 0;

function withScene<T>(use: (scene: Scene) => Promise<T>): Promise<T> {
  return withDatabase(newestMajor(), { sql: 'create table t as select 1 as i' }, (database) =>
    withAwsServer({ buckets: ['bucket'] }, async (aws) => {
      const mail = await startMailServer({ password: mailPassword });
      scenes += 1;
      const directory = path.join(cli.directory, `told-${scenes}`);
      await mkdir(directory);
      const url = new URL(database.url);
      const password = decodeURIComponent(url.password);
      url.password = '';
      const config = path.join(directory, 'pgproof.yaml');
      const events = path.join(directory, 'events');
      const hook = ['/bin/sh', '-c', `echo "$PGPROOF_EVENT $PGPROOF_SOURCE" >> '${events}'; cat > /dev/null`];
      const smtp = { port: mail.port, user: 'pgproof', password: { env: 'MAIL_PASSWORD' } };
      const to = { from: 'pgproof@example.com', to: ['ops@example.com'] };
      const source = {
        url: url.href,
        password: { env: 'DB_PASSWORD' },
        databases: [database.name],
        schedules,
      };
      const usual = {
        sources: [
          { name: 'shop', ...source },
          { name: 'gone', url: 'postgresql://u@127.0.0.1:1/', schedules },
        ],
        stores: [{ name: 'local', url: `file://${directory}/backups` }],
        prune: { keep: { last: 3 } },
        verify: { level: 'read' },
        notify: { smtp: { host: 'localhost', caFile: fixture('authority.pem'), ...smtp, ...to } },
        hooks: { afterRun: hook, onFailure: hook },
        backupLog: { url: url.href, password: { env: 'DB_PASSWORD' }, schema: 'ops' },
      };
      try {
        return await use({
          directory,
          database,
          aws,
          mail,
          write: (more = {}) => writeFile(config, JSON.stringify({ ...usual, ...more })),
          run: (...args) =>
            cli.run(['run', '--config', config, ...args], {
              env: {
                ...aws.environment,
                DB_PASSWORD: password,
                MAIL_PASSWORD: mailPassword,
                WRONG_PASSWORD: 'canary-wrong-32',
              },
            }),
          hooks: async () => (await readFile(events, 'utf8').catch(() => '')).split('\n').slice(0, -1),
          log: () =>
            database.query(
              "select source, database_name, status, coalesce(error_message, '') as error from ops.backup_log order by id",
            ),
        });
      } finally {
        await mail.close();
      }
    }),
  );
}

const subjects = ({ mails }: MailServer): (string | undefined)[] =>
  mails.map((one) => headerOf(one, 'Subject'));

test('a night is told by one mail, in the log table and to hooks; a start with nothing to do tells nobody', () =>
  withScene(async ({ write, run, mail, log, hooks, database }) => {
    await write();
    const { status, stdout, stderr } = await run();
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(subjects(mail)).toEqual([expect.stringMatching(/^BACKUP FAILED gone: Nothing answers/)]);
    const [message] = mail.mails;
    expect(message).toMatchObject({ to: ['ops@example.com'], isSecure: true });
    expect(message && textOf(message)).toMatch(/What to do: Check host and port/);
    expect(stderr).toMatch(
      /The night had 1 problem:\n +BACKUP FAILED gone: Nothing answers [^\n]*\n +Everything else was done\.\n$/,
    );
    expect(await log()).toEqual([
      { source: 'shop', database_name: database.name, status: 'completed', error: '' },
      // Of a source that came to no database.
      {
        source: 'gone',
        database_name: '',
        status: 'failed',
        error: expect.stringContaining('Nothing answers'),
      },
    ]);
    expect(await database.query('select source from ops.backup_log_status')).toEqual([{ source: 'shop' }]);
    expect(await hooks()).toEqual(['afterRun shop', 'onFailure gone', 'afterRun gone']);
    expect(`${stderr}${JSON.stringify(mail.mails)}`).not.toContain(mailPassword);

    expect(await run()).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(mail.mails).toHaveLength(1);
    expect(await log()).toHaveLength(2);
  }));

test('a mail server that does not take it: the run fails, and says what the mail would have said', () =>
  withScene(async ({ write, run, mail }) => {
    const smtp = { host: 'localhost', port: mail.port, user: 'pgproof', password: { env: 'WRONG_PASSWORD' } };
    const to = { from: 'pgproof@example.com', to: ['ops@example.com'] };
    await write({ notify: { smtp: { ...smtp, ...to, caFile: fixture('authority.pem') } } });
    const { status, stderr } = await run();
    expect(mail.passwords).toEqual(['canary-wrong-32']);
    expect(stderr).not.toContain('canary-wrong-32');
    expect(status).toBe(1);
    expect(stderr).toMatch(/could not be mailed[^\n]*notify\.smtp\.password[\s\S]*BACKUP FAILED gone/);
  }));

test('a log table that is away fails nothing, and is a warning', () =>
  withScene(async ({ write, run, mail, database }) => {
    const url = new URL(database.url);
    url.password = '';
    const password = { env: 'DB_PASSWORD' };
    await write({
      sources: [{ name: 'shop', url: url.href, password, databases: [database.name], schedules }],
      backupLog: { url: 'postgresql://u@127.0.0.1:1/log' },
    });
    const { status, stderr } = await run();
    expect({ status, mails: mail.mails.length }).toEqual({ status: 0, mails: 0 });
    expect(stderr).toMatch(/^backup_log could not be written: Nothing answers/);
  }));

test('a store that cannot be read is told at every start, to hooks and the log too: nobody knows what is due', () =>
  withScene(async ({ write, run, mail, hooks, log, directory }) => {
    await writeFile(path.join(directory, 'backups'), 'in its place');
    await write();
    expect((await run()).status).toBe(1);
    expect((await run()).status).toBe(1);
    expect(subjects(mail)).toEqual([
      '2 problems: BACKUP FAILED shop; BACKUP FAILED gone',
      '2 problems: BACKUP FAILED shop; BACKUP FAILED gone',
    ]);
    const [message] = mail.mails;
    expect(message && textOf(message)).toContain('every start tries again, and tells again');
    expect((await hooks()).slice(0, 4)).toEqual([
      'onFailure shop',
      'afterRun shop',
      'onFailure gone',
      'afterRun gone',
    ]);
    expect((await log()).map(({ source, status }) => [source, status])).toEqual([
      ['shop', 'failed'],
      ['gone', 'failed'],
      ['shop', 'failed'],
      ['gone', 'failed'],
    ]);
    await rm(path.join(directory, 'backups'));
    expect((await run()).stderr).toContain('The night had 1 problem');
    expect(await run()).toMatchObject({ status: 0, stderr: '' });
  }));

test('a run whose record cannot be written is done and told again, once for each failure, until it can be', () =>
  withScene(async ({ write, run, mail, aws, log, database }) => {
    await write({ stores: [{ name: 'local', url: 's3://bucket/x', pathStyle: true }] });
    aws.s3.judge(async ({ operation, key }) => !(operation === 'PutObject' && key.startsWith('x/status/')));
    const { status, stderr } = await run();
    expect(status).toBe(1);
    expect(stderr).toContain('The night had 2 problems');
    expect(stderr).toMatch(/BACKUP FAILED shop: The record of the run could not be written, so every start/);
    // What failed anyway is told for that alone.
    expect(stderr).toMatch(/BACKUP FAILED gone: Nothing answers/);
    const backups = (): number =>
      aws.s3.keys('bucket').filter((key) => key.endsWith('/manifest.json')).length;
    expect(backups()).toBe(1);
    expect((await log())[0]).toMatchObject({ source: 'shop', database_name: database.name });
    expect((await run()).status).toBe(1);
    expect({ mails: mail.mails.length, backups: backups() }).toEqual({ mails: 2, backups: 2 });
    aws.s3.judge(undefined);
    expect((await run()).stderr).toMatch(/The night had 1 problem:\n +BACKUP FAILED gone/);
    expect(await run()).toMatchObject({ status: 0, stderr: '' });
    expect(mail.mails).toHaveLength(3);
  }));

test('a second place that is away is told once, and says what happens next', () =>
  withScene(async ({ write, run, mail, log, database }) => {
    const url = new URL(database.url);
    url.password = '';
    const password = { env: 'DB_PASSWORD' };
    const sources = [{ name: 'shop', url: url.href, password, databases: [database.name], schedules }];
    const offsite = { url: 's3://nowhere/x', pathStyle: true, prune: { keep: { last: 2 } } };
    await write({ sources, copies: [{ name: 'offsite', ...offsite }] });
    const { status, stderr } = await run();
    expect(status).toBe(1);
    expect(stderr).toMatch(/The night had 1 problem:\n +NOT COPIED shop: The bucket does not exist/);
    expect(subjects(mail)).toEqual([expect.stringMatching(/^NOT COPIED shop: The bucket does not exist/)]);
    expect(
      (await log()).map(({ database_name, status: said, error }) => [database_name, said, error]),
    ).toEqual([
      [database.name, 'completed', ''],
      ['', 'failed', expect.stringContaining('NOT COPIED shop: The bucket does not exist')],
    ]);
  }));

test('a copy that fails is told once, and with it that there is none', () =>
  withScene(async ({ write, run, mail, aws, database, log }) => {
    const url = new URL(database.url);
    url.password = '';
    const password = { env: 'DB_PASSWORD' };
    const sources = [{ name: 'shop', url: url.href, password, databases: [database.name], schedules }];
    const offsite = { name: 'offsite', url: 's3://bucket/x', pathStyle: true, maxAgeHours: 24 };
    await write({ sources, copies: [offsite] });
    aws.s3.judge(async ({ operation }) => operation !== 'PutObject' && operation !== 'CreateMultipartUpload');
    const { stderr } = await run();
    expect(stderr).toMatch(/The night had 1 problem:\n +NOT COPIED shop\/[^\n]*AccessDenied/);
    expect(stderr).toContain('The next night copies everything that is missing there');
    expect(mail.mails.map(textOf).join()).toContain('To know:\n- There is no good copy of it at all');
    expect((await log()).map(({ status, error }) => [status, error])).toEqual([
      ['completed', expect.stringContaining('AccessDenied')],
    ]);
    aws.s3.judge(undefined);
    expect(await run('--schedule', 'nightly')).toMatchObject({ status: 0, stderr: '' });
    expect(aws.s3.keys('bucket').filter((key) => key.endsWith('manifest.json'))).toHaveLength(2);
  }));

const isRoot = process.geteuid?.() === 0;

test.runIf(isRoot)(
  'root is told that what it writes into another user’s directory that user cannot read',
  () =>
    withScene(async ({ write, run, directory, database }) => {
      const backups = path.join(directory, 'backups');
      await mkdir(backups);
      await chown(backups, 12_345, 12_345);
      const url = new URL(database.url);
      url.password = '';
      const password = { env: 'DB_PASSWORD' };
      await write({
        sources: [{ name: 'shop', url: url.href, password, databases: [database.name], schedules }],
      });
      const { status, stderr } = await run();
      expect({ status, stderr }).toEqual({
        status: 0,
        stderr: expect.stringMatching(
          /^file:\S+ belongs to user 12345, [^\n]*runuser -u[^\n]*chown -R\)\.\n$/,
        ),
      });
    }),
);

test('what cannot be done for one source is told of it, and keeps no other from its copy', () =>
  withScene(async ({ write, run, aws, database }) => {
    const url = new URL(database.url);
    url.password = '';
    const source = { url: url.href, password: { env: 'DB_PASSWORD' }, databases: [database.name], schedules };
    await write({
      sources: [
        { name: 'bad', ...source },
        { name: 'fine', ...source },
      ],
      copies: [{ name: 'offsite', url: 's3://bucket/x', pathStyle: true }],
    });
    // What lies there of that source may not be listed.
    aws.s3.judge(
      async ({ operation, key }) => !(operation.startsWith('ListObjects') && key.startsWith('x/bad')),
    );
    const { status, stderr } = await run();
    expect(status).toBe(1);
    expect(stderr).toMatch(/The night had 1 problem:\n +NOT COPIED bad: [^\n]*AccessDenied/);
    expect(aws.s3.keys('bucket').filter((key) => key.endsWith('manifest.json'))).toEqual([
      expect.stringMatching(/^x\/fine\//),
    ]);
  }));

test('a secret that is gone is told by mail where mail still works, and not by a dry run', () =>
  withScene(async ({ write, run, mail }) => {
    const source = { name: 'shop', url: 'postgresql://u@127.0.0.1:1/', schedules };
    await write({ sources: [{ ...source, password: { env: 'NOT_THERE' } }] });
    expect((await run('--dry-run')).status).toBe(2);
    expect(mail.mails).toHaveLength(0);
    const { status, stderr } = await run();
    expect(status).toBe(2);
    expect(stderr).toContain('sources[0].password');
    expect(subjects(mail)).toEqual([
      'NOTHING WAS BACKED UP: 1 problem with the configuration: sources[0].password',
    ]);
    const [message] = mail.mails;
    expect(message && textOf(message)).toContain('sources[0].password: got the environment variable');
  }));

test('a secret that is gone costs what needs it, and not the night of the others', () =>
  withScene(async ({ write, run, mail, directory }) => {
    const gone = { env: 'NOT_THERE' };
    await write({
      copies: [{ name: 'offsite', url: 's3://bucket/x', accessKey: { id: 'test', secret: gone } }],
      backupLog: { url: 'postgresql://u@127.0.0.1:1/', password: gone },
    });
    const { status, stderr } = await run();
    expect(status).toBe(1);
    const stored = await readdir(path.join(directory, 'backups'), { recursive: true });
    expect(stored.filter((name) => name.endsWith('manifest.json'))).toHaveLength(1);
    expect(stderr).toMatch(
      /Nothing is written into the log table\. backupLog\.password: got the environment variable/,
    );
    expect(stderr).toMatch(
      /NOT COPIED offsite: A secret is not there\. copies\[0\]\.accessKey\.secret: got the/,
    );
    expect(mail.mails).toHaveLength(1);
    expect(mail.mails.map(textOf).join()).toContain('copies[0].accessKey.secret');
    expect((await run('--dry-run')).status).toBe(2);
  }));

test('a configuration with mistakes is told by mail where what it says of mail is right', () =>
  withScene(async ({ write, run, mail }) => {
    await write({ prune: { keep: { dayly: 7 } }, sources: [] });
    expect((await run('--dry-run')).status).toBe(2);
    expect(mail.mails).toHaveLength(0);
    expect((await run()).status).toBe(2);
    expect(subjects(mail)).toEqual([expect.stringMatching(/^NOTHING WAS BACKED UP: [23] problems/)]);
    expect(mail.mails.map(textOf).join()).toContain('prune.keep.dayly: got an unknown key');
    await write({ prune: { keep: { dayly: 7 } }, notify: { smtp: { host: 'localhost' } } });
    const wrongMail = await run();
    expect({ status: wrongMail.status, mails: mail.mails.length }).toEqual({ status: 2, mails: 1 });
    expect(wrongMail.stderr).toContain('notify.smtp.to');
  }));
