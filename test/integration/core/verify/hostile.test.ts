import { chmod, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { formatId } from '../../../../core/manifest/backup-id.ts';
import type { Verification } from '../../../../core/manifest/verification.ts';
import { reachableSockets } from '../../../../core/postgres/server/reachable-sockets.ts';
import { isOwnNumber } from '../../../../core/scratch/user-processes.ts';
import { fileStore } from '../../../../core/store/file/file-store.ts';
import type { VerifyDependencies, VerifyRequest } from '../../../../core/verify/request.ts';
import { verifyBackup } from '../../../../core/verify/verify.ts';
import type { BackupFixture } from '../../../support/backup/made-up.ts';
import { recordBackup } from '../../../support/backup/recorded.ts';
import { realTools } from '../../../support/backup/run.ts';
import { verificationTools } from '../../../support/postgres/programs.ts';
import { sandboxVariants } from '../../../support/postgres/sandbox-variants.ts';
import { newestMajor, withDatabase } from '../../../support/postgres/servers.ts';
import { noSandbox, processesNamed } from '../../../support/postgres/verification-server.ts';
import { isLong } from '../../../support/run/long.ts';

/*
 * A backup by somebody who owns nothing but a function at the source: it runs as superuser where the backup is restored,
 * looks for a server to log in to, writes outside, and leaves a daemon in a session and a directory of its own.
 */

const isRoot = process.getuid?.() === 0;
const endless = `8${String(Math.random()).slice(2, 11)}`;

let root: string;
let marks: string;
/** Stands for the production server: what counts is whether somebody connects. */
let production: Server;
let connections = 0;
let attack: BackupFixture;
let sleeper: BackupFixture;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pgproof-hostile-'));
  marks = join(root, 'marks');
  await mkdir(marks);
  await chmod(marks, 0o777);
  await chmod(root, 0o755);
  await mkdir(join(root, 'socket'), { mode: 0o755 });
  production = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await openProduction(0o777);
  attack = await backupOf('attack', attackSql(join(root, 'socket')));
  sleeper = await backupOf('sleeper', sleepSql);
}, 60_000);
afterAll(async () => {
  production.close();
  await rm(root, { recursive: true, force: true });
});
beforeEach(async () => {
  connections = 0;
  for (const name of await readdir(marks)) await rm(join(marks, name));
});

/** Whether its socket is open to everybody, as Debian's is. */
async function openProduction(mode: number): Promise<void> {
  const path = join(root, 'socket', '.s.PGSQL.5432');
  if (!production.listening) await new Promise<void>((resolve) => production.listen(path, resolve));
  await chmod(path, mode);
}

/** Nothing happens at the source, where another data directory is in use. */
function attackSql(socket: string): (home: string) => string {
  return (home) => `
    create function looks() returns boolean language plpgsql as $function$ begin
      if current_setting('data_directory') = '${home}' then return true; end if;
      begin execute $sql$ create subscription s connection 'host=${socket} port=5432 user=x dbname=x'
        publication p with (create_slot = false, enabled = false, slot_name = none) $sql$;
      exception when others then null; end;
      begin execute $sql$ copy (select 1) to program
        'cat > /dev/null; id -u > ${marks}/user; cd / && setsid sleep ${endless} > /dev/null 2>&1 &' $sql$;
      exception when others then null; end;
      return true;
    end $function$;
    create table looked (id int check (looks())); insert into looked values (1);`;
}

function sleepSql(home: string): string {
  return `create function waits() returns boolean language plpgsql as $function$ begin
      if current_setting('data_directory') <> '${home}' then perform pg_sleep(100000); end if;
      return true;
    end $function$;
    create table waited (id int check (waits())); insert into waited values (1);`;
}

async function backupOf(name: string, sql: (home: string) => string): Promise<BackupFixture> {
  const major = newestMajor();
  return await withDatabase(major, {}, async ({ parameters, query }) => {
    const [row] = await query<{ home: string }>("select current_setting('data_directory') as home");
    await query(sql(row?.home ?? ''));
    return await recordBackup({ directory: join(root, name), tools: await realTools(major), parameters });
  });
}

async function verified(
  backup: BackupFixture,
  request: Omit<VerifyRequest, 'id'>,
  dependencies: Partial<VerifyDependencies> = {},
  directory = 'attack',
): Promise<Verification> {
  return await verifyBackup(
    { id: backup.id, ...request },
    {
      store: fileStore({ directory: join(root, directory) }),
      tools: realTools,
      verificationTools,
      clock: () => new Date(),
      ...dependencies,
    },
  );
}

const detailOf = ({ checks }: Verification, name: string): string =>
  checks.filter((check) => check.name === name).at(-1)?.detail ?? '';

async function expectNothingReached(): Promise<void> {
  expect(connections).toBe(0);
  expect(await readdir(marks)).toEqual([]);
  expect(await processesNamed(endless)).toEqual([]);
}

const variants = await (async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-variants-'));
  await chmod(directory, 0o755);
  afterAll(() => rm(directory, { recursive: true, force: true }));
  return await sandboxVariants(directory);
})();

describe.each(variants)('contained by $title', ({ title, programs }) => {
  test('it is proven, and reaches nothing', async () => {
    const verification = await verified(attack, { level: 'restore' }, { sandboxPrograms: programs });
    expect(verification.verdict, JSON.stringify(verification.checks)).toBe('proven');
    expect(verification.isolation).toMatchObject({ kind: 'sandboxed', by: title.split(',')[0] });
    expect(verification.isolation?.detail.endsWith('started by root')).toBe(title.endsWith('by root'));
    expect(detailOf(verification, 'restore')).toContain('contained: ');
    await expectNothingReached();
  });
});

describe('where nothing can contain it', () => {
  test('it is not restored, and what to do is told', async () => {
    const verification = await verified(attack, { level: 'restore' }, { sandboxPrograms: noSandbox });
    expect(verification).toMatchObject({ verdict: 'unverifiable', reached: 'read' });
    expect(verification.isolation).toBeUndefined();
    expect(detailOf(verification, 'restore')).toMatch(
      /there is no bwrap.* Install bubblewrap.*--allow-uncontained/,
    );
    await expectNothingReached();
  });

  test('auto reads instead, and says why', async () => {
    const verification = await verified(attack, { level: 'auto' }, { sandboxPrograms: noSandbox });
    expect(verification).toMatchObject({ verdict: 'intact', level: 'read' });
    expect(detailOf(verification, 'level')).toMatch(/^read, not restored: .*there is no bwrap/);
    await expectNothingReached();
  });

  test('it is not restored beside a server that it could log in to, whatever was asked for', async () => {
    const verification = await verified(
      attack,
      { level: 'restore' },
      { sandboxPrograms: noSandbox, uncontained: 'asked-for' },
    );
    expect(verification.verdict).toBe('unverifiable');
    // A few are named; this machine may have others of its own.
    expect(detailOf(verification, 'restore')).toMatch(
      isRoot ? /is within reach of its SQL: \S+\.s\.PGSQL\.\d+/ : /as an ordinary user/,
    );
    await expectNothingReached();
  });

  test('on a machine of its own it is not restored where it could read our secrets, unless asked for', async () => {
    const own = { sandboxPrograms: noSandbox, uncontained: 'own-machine' } as const;
    const verification = await verified(attack, { level: 'auto' }, own);
    expect(verification).toMatchObject(
      isRoot
        ? { verdict: 'proven', isolation: { kind: 'own-machine' } }
        : { verdict: 'intact', level: 'read' },
    );
    expect(await processesNamed(endless)).toEqual([]);
  });

  test.runIf(isRoot)('asked for, it runs as nobody else does, and leaves nothing', async () => {
    await openProduction(0o600);
    // Another server of this machine's is within reach of everybody: refused, as above.
    const others = await reachableSockets({ name: 'other', uid: 65_000, gid: 65_000 });
    const verification = await verified(
      attack,
      { level: 'restore' },
      { sandboxPrograms: noSandbox, uncontained: others.length > 0 ? 'own-data' : 'asked-for' },
    ).finally(() => openProduction(0o777));
    expect(verification).toMatchObject({ verdict: 'proven', isolation: { kind: 'unsandboxed' } });
    expect(detailOf(verification, 'restore')).toContain('uncontained: ');
    expect(connections).toBe(0);
    // It ran, as a user without a name, and its daemon is gone with it.
    expect(await readdir(marks)).toEqual(['user']);
    expect(isOwnNumber((await stat(join(marks, 'user'))).uid)).toBe(true);
    expect(await processesNamed(endless)).toEqual([]);
  });
});

/** Each tries to do harm once, in a CHECK, and goes on; `verdicts` are those that it may end in. */
const attacks: readonly { name: string; sql: string; verdicts: readonly string[] }[] = [
  {
    name: 'a fork bomb',
    sql: run(`b() { sleep ${endless} & b | b & }; b`),
    verdicts: ['proven', 'unverifiable'],
  },
  {
    name: 'the end of all other sessions',
    sql: 'perform pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()',
    verdicts: ['proven', 'failed', 'unverifiable'],
  },
  {
    name: 'the end of the server',
    sql: run('kill -9 $(head -n 1 postmaster.pid)'),
    verdicts: ['unverifiable', 'failed'],
  },
  {
    name: 'new settings',
    sql: run('echo "archive_command = false" >> postgresql.auto.conf; kill -HUP $(head -n 1 postmaster.pid)'),
    verdicts: ['proven'],
  },
  {
    name: 'files of the machine',
    sql: `perform pg_read_file('/etc/hostname'); perform lo_import('/etc/hostname')`,
    verdicts: ['proven', 'failed'],
  },
  { name: 'a library', sql: `load '/tmp/library.so'`, verdicts: ['proven'] },
  {
    name: 'all of the memory',
    sql: `perform length(string_agg(repeat(md5(n::text), 30000), '')) from generate_series(1, 900) n`,
    verdicts: ['proven', 'unverifiable'],
  },
];

function run(command: string): string {
  return `execute $sql$ copy (select 1) to program 'cat > /dev/null; (${command.replaceAll("'", "''")}) > /dev/null 2>&1 &' $sql$`;
}

test.each(isLong ? attacks : attacks.slice(0, 2))(
  '$name ends in a verdict, and leaves nothing',
  async (tried) => {
    const { name, sql, verdicts } = tried;
    const directory = name.replaceAll(' ', '-');
    const harmful = (home: string): string => `
    create function harms() returns boolean language plpgsql as $function$ begin
      if current_setting('data_directory') = '${home}' then return true; end if;
      begin ${sql}; exception when others then null; end;
      return true;
    end $function$;
    create table harmed (id int check (harms())); insert into harmed values (1);`;
    const backup = await backupOf(directory, harmful);
    const verification = await verified(backup, { level: 'restore', restoreSeconds: 60 }, {}, directory);
    expect(verdicts, JSON.stringify(verification.checks)).toContain(verification.verdict);
    expect(await processesNamed(endless)).toEqual([]);
  },
  120_000,
);

test('what waits for ever is stopped, and told with the statement under way', async () => {
  const verification = await verified(sleeper, { level: 'restore', restoreSeconds: 3 }, {}, 'sleeper');
  expect(verification).toMatchObject({ verdict: 'unverifiable', reached: 'read' });
  expect(detailOf(verification, 'restore')).toMatch(
    /The restore is not done after 3\.0 s: under way: COPY public\.waited \(id\) FROM stdin.*--restore-timeout/i,
  );
  expect(formatId(sleeper.id)).toBe(verification.id);
});
