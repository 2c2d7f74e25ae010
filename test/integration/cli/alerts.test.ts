import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AwsServer, withAwsServer } from '../../support/aws/server.ts';
import { type Cli, type CliResult, openCli } from '../../support/cli/run.ts';
import { s3Store } from '../../support/cli/stores.ts';
import { newestMajor, withDatabase } from '../../support/postgres/servers.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

const topic = ['--topic', 'arn:aws:sns:us-east-1:123456789012:alerts'];

type Scene = {
  readonly aws: AwsServer;
  readonly name: string;
  readonly call: (verb: string, ...args: string[]) => Promise<CliResult>;
  readonly backup: (...args: string[]) => Promise<CliResult>;
};

function withScene<T>(use: (scene: Scene) => Promise<T>): Promise<T> {
  return withDatabase(newestMajor(), { sql: 'create table t as select 1 as i' }, ({ url: source, name }) =>
    withAwsServer({ buckets: ['bucket'] }, (aws) => {
      const { url, env } = s3Store(aws);
      const call: Scene['call'] = (verb, ...args) =>
        cli.run([verb, '--store', url, ...topic, ...args], { env });
      const backup: Scene['backup'] = (...args) => call('backup', '--source', source, '--name', 's', ...args);
      return use({ aws, name, call, backup });
    }),
  );
}

test('good news only where it is asked for', async () => {
  await withScene(async ({ aws, name, call, backup }) => {
    expect((await backup('--database', name)).status).toBe(0);
    expect(aws.sns.messages).toEqual([]);
    expect((await backup('--database', name, '--notify', 'all')).status).toBe(0);
    const [message, ...more] = aws.sns.messages;
    expect(more).toEqual([]);
    expect(message).toMatchObject({
      topicArn: topic[1],
      subject: expect.stringMatching(/^Backup done s\/.*: 1 table/),
    });
    expect((await call('verify', `s/${name}/latest`, '--notify', 'all')).status).toBe(0);
    expect(aws.sns.messages).toHaveLength(2);
    expect(aws.sns.messages[1]?.subject).toMatch(/^Backup verified s\//);
  });
});

test('a database that fails is an alert, with what to do; the one beside it is none', async () => {
  await withScene(async ({ aws, name, backup }) => {
    expect((await backup('--database', 'nix', '--database', name)).status).toBe(1);
    expect(aws.sns.messages).toHaveLength(1);
    const [message] = aws.sns.messages;
    expect(message?.subject).toMatch(/^BACKUP FAILED s\/nix: /);
    expect(message?.message).toMatch(/has no database.*What to do: Correct its name/s);
  });
});

test('a run that cannot begin is an alert', async () => {
  await withScene(async ({ aws, backup }) => {
    expect((await backup('--exclude-database', 'x', '--store', 's3://other/x')).status).toBe(1);
    expect(aws.sns.messages.map(({ subject }) => subject)).toEqual([
      expect.stringMatching(/^BACKUP FAILED s: The bucket does not exist/),
    ]);
  });
});

test('a backup that does not verify is exit status 1 and an alert', async () => {
  await withScene(async ({ aws, name, call, backup }) => {
    expect((await backup('--database', name)).status).toBe(0);
    const archive = aws.s3.keys('bucket').find((key) => key.endsWith('/archive.dump')) ?? '';
    await aws.s3.corrupt('bucket', archive, 700);
    const { status, stdout, stderr } = await call('verify', `s/${name}/latest`, '--json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'failed' });
    expect(stderr).toMatch(/^pgproof: The backup s\/.* is failed: checksum: .*take another one now/s);
    expect(aws.sns.messages.map(({ subject }) => subject)).toEqual([
      expect.stringMatching(/^BACKUP IS BAD s\//),
    ]);
    const listed = await cli.run(['list', '--store', s3Store(aws).url], { env: aws.environment });
    expect(listed.stdout).toMatch(/failed \(read\)$/m);
  });
});

test.each([
  ['a failure', ['--database', 'nix'], /BACKUP FAILED s\/nix/],
  ['good news', ['--notify', 'all', '--database'], /Backup done s\//],
])('%s that nobody can be told of is exit status 1', async (_, args, subject) => {
  await withScene(async ({ aws, name, backup }) => {
    aws.sns.refuse('authorizationError');
    const { status, stdout, stderr } = await backup(
      ...args,
      ...(args.at(-1) === '--database' ? [name] : []),
      '--json',
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^pgproof: The alert could not be published to arn:aws:sns:.*not authorized.*sns:Publish/m,
    );
    expect(stderr).toMatch(subject);
    expect(JSON.parse(stdout)).toMatchObject({ error: { name: 'AlertNotSent' } });
    expect(aws.sns.messages).toEqual([]);
  });
});
