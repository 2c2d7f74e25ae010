import { expect, test } from 'vitest';
import type { RunEvent } from '../../../core/notify/run-events.ts';
import { writePast } from '../../support/backup/history.ts';
import {
  bucket,
  canary,
  type Deployment,
  type FunctionName,
  useBundles,
  withDeployment,
} from '../../support/lambda/deployment.ts';
import type { Outcome } from '../../support/lambda/runtime.ts';
import { newestMajor, type TestDatabase, withDatabase } from '../../support/postgres/servers.ts';

useBundles();

const logTopicArn = 'arn:aws:sns:us-east-1:111122223333:log.fifo';
const telling = { PGPROOF_LOG_TOPIC_ARN: logTopicArn };

type Situation = { readonly deployment: Deployment; readonly database: TestDatabase };

/** The database is gone before the role that made the table in it. */
function inSituation<T>(use: (situation: Situation) => Promise<T>): Promise<T> {
  const sql = 'create table t as select generate_series(1, 5) i';
  return withDeployment({}, (deployment) =>
    withDatabase(newestMajor(), { sql }, (database) => use({ deployment, database })),
  );
}

/** What was published for the log since a message, as the queue hands it over. */
function queued({ aws }: Deployment, since = 0): { readonly Records: readonly object[] } {
  const told = aws.sns.messages.filter(({ topicArn }) => topicArn === logTopicArn).slice(since);
  return {
    Records: told.map(({ message, groupId }, index) => ({
      messageId: `message-${index}`,
      body: message,
      attributes: { MessageGroupId: groupId },
      eventSource: 'aws:sqs',
    })),
  };
}

type Written = Outcome & { readonly log: string };

/** One event to one function: what it came to, and what it wrote into its log. */
function invoke(
  deployment: Deployment,
  name: FunctionName,
  event: unknown,
  environment: Record<string, string>,
): Promise<Written> {
  return deployment.withFunction(name, { environment }, async (lambda) => {
    const outcome = await lambda.invoke(event);
    return { ...outcome, log: `${lambda.logs.stdout}${lambda.logs.stderr}` };
  });
}

function write(
  { deployment, database }: Situation,
  event: object,
  environment: Record<string, string> = {},
): Promise<Written> {
  return invoke(deployment, 'log', event, { PGPROOF_LOG_DATABASE: database.name, ...environment });
}

const rowsOf = (database: TestDatabase) =>
  database.query<Record<string, unknown>>('select * from public.backup_log order by id');

test('backup, verify, copy and prune tell what they did, and the one that may reach the table writes it, in order', () =>
  inSituation(async (situation) => {
    const { deployment, database } = situation;
    const wanted = { databases: [database.name, 'missing'], schedule: 'nightly' };
    const backup = await invoke(deployment, 'backup', wanted, telling);
    expect(backup.error).toBeDefined();
    const begun = { Records: queued(deployment).Records.slice(0, 1) };
    expect(begun.Records).toMatchObject([{ attributes: { MessageGroupId: 'shop' } }]);
    expect((await write(situation, begun)).result).toEqual({ batchItemFailures: [] });
    expect(await rowsOf(database)).toMatchObject([{ status: 'running', source: 'shop' }]);

    const manifest = deployment.aws.s3.keys(bucket).find((key) => key.endsWith('/manifest.json')) ?? '';
    const id = manifest.slice('pg/'.length, -'/manifest.json'.length);
    for (const name of ['verify', 'copy'] as const) {
      const { error } = await invoke(deployment, name, { backup: id }, telling);
      expect(error).toBeUndefined();
    }
    expect((await write(situation, queued(deployment, 1))).result).toEqual({ batchItemFailures: [] });
    const rows = Object.fromEntries((await rowsOf(database)).map((row) => [row.database_name, row]));
    expect(rows[database.name]).toMatchObject({
      status: 'completed',
      schedule: 'nightly',
      backup_id: id,
      verdict: 'intact',
      level: 'read',
      rows: '5',
      copied_to: ['s3://offsite/pg'],
      error_message: null,
    });
    expect(rows.missing).toMatchObject({ status: 'failed', backup_id: null });

    const before = queued(deployment).Records.length;
    const store = {
      create: (key: string, content: Uint8Array): Promise<void> =>
        deployment.aws.s3.put(bucket, `pg/${key}`, content),
    };
    // Two newer ones, beside which no rule keeps the first.
    for (const minutes of [1, 2])
      await writePast(store, {
        source: 'shop',
        database: database.name,
        startedAt: new Date(Math.floor(Date.now() / 1_000) * 1_000 + minutes * 60_000),
      });
    const keep = { ...telling, PGPROOF_KEEP: '{"last": 1}', PGPROOF_KEEP_MIN: '1' };
    await invoke(deployment, 'prune', {}, keep);
    const pruned = queued(deployment, before);
    expect(pruned.Records).toHaveLength(1);
    await write(situation, pruned);
    expect((await rowsOf(database)).find((row) => row.backup_id === id)?.pruned_at).toBeInstanceOf(Date);
    const told = queued(deployment).Records.length;
    await invoke(deployment, 'backup', {}, { ...telling, PGPROOF_PORT: '1' });
    await write(situation, queued(deployment, told));
    const [whole] = (await rowsOf(database)).filter(({ database_name }) => database_name === '');
    expect(whole).toMatchObject({ status: 'failed', source: 'shop', backup_id: null });
    expect(String(whole?.error_message)).toContain('127.0.0.1:1');
    // What the queue brings twice changes nothing.
    await write(situation, queued(deployment));
    expect((await rowsOf(database)).map((row) => row.status).sort()).toEqual([
      'completed',
      'failed',
      'failed',
    ]);
  }));

const started: RunEvent = {
  kind: 'backup-started',
  run: 'run-1',
  at: new Date(),
  source: 'shop',
  schedule: undefined,
  database: 'app',
};
const messageOf = (...events: readonly unknown[]) => ({
  Records: [{ messageId: 'one', body: JSON.stringify(events) }],
});

test('a database that is away: the messages stay in the queue, with a warning and a metric, and no failure', () =>
  inSituation(async (situation) => {
    const away = await write(situation, messageOf(started), { PGPROOF_PORT: '1' });
    expect(away.error).toBeUndefined();
    expect(away.result).toEqual({ batchItemFailures: [{ itemIdentifier: 'one' }] });
    const { log } = away;
    expect(log).toContain('BackupLogFailed');
    expect(log).toContain('backup_log could not be written');
    expect(log).not.toContain(JSON.stringify(canary).slice(1, -1));
  }));

test('what is no message of ours is passed over, and holds up no other', () =>
  inSituation(async (situation) => {
    const { database } = situation;
    const { Records } = messageOf(started);
    const strange = ['not JSON', '[{"kind":"backup-started"}]', '{}'].map((body, index) => ({
      messageId: `strange-${index}`,
      body,
    }));
    const { result, error } = await write(situation, { Records: [...strange, ...Records] });
    expect(error).toBeUndefined();
    expect(result).toEqual({ batchItemFailures: [] });
    expect(await rowsOf(database)).toMatchObject([{ run: 'run-1' }]);
  }));

test('a run that is younger than a function can live is not abandoned, an older one is', () =>
  inSituation(async (situation) => {
    const { database } = situation;
    const ago = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);
    await write(situation, messageOf({ ...started, run: 'killed', at: ago(20) }));
    await write(situation, messageOf({ ...started, run: 'young', at: ago(10) }));
    await write(situation, messageOf({ ...started, run: 'now' }));
    expect((await rowsOf(database)).map(({ run, status }) => [run, status])).toEqual([
      ['killed', 'abandoned'],
      ['young', 'running'],
      ['now', 'running'],
    ]);
  }));

test('a topic that refuses, or hangs, fails no backup: a warning and a metric', () =>
  inSituation(async ({ deployment, database }) => {
    deployment.aws.sns.refuse('authorizationError');
    const refused = await invoke(deployment, 'backup', { databases: [database.name] }, telling);
    expect(refused.error).toBeUndefined();
    expect(refused.result).toMatchObject({ databases: [{ status: 'done' }] });
    const { log } = refused;
    expect(log).toContain('BackupLogFailed');
    expect(log).toContain('not told to the log table');

    // It is waited for when the backup begins and at the end, and not with every event.
    deployment.aws.sns.refuse('hang');
    const began = performance.now();
    const slow = await invoke(deployment, 'backup', { databases: [database.name] }, telling);
    expect(slow.result).toMatchObject({ databases: [{ status: 'done' }] });
    expect(slow.log).toContain('BackupLogFailed');
    expect(performance.now() - began).toBeLessThan(20_000);
  }));
