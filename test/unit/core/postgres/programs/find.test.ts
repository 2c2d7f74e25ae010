import { chmod, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findServerTools, findTools } from '../../../../../core/postgres/programs/find.ts';
import { type FetchPrograms, obtainTools } from '../../../../../core/postgres/programs/obtain.ts';
import { parseVersion } from '../../../../../core/postgres/programs/probe.ts';
import {
  chooseTools,
  type FoundTools,
  NoMatchingTools,
  toolPath,
} from '../../../../../core/postgres/programs/tools.ts';
import {
  withDirectory,
  writeClientPrograms,
  writePrograms,
} from '../../../../support/process/fake-programs.ts';

/** Options that see nothing of this machine. */
function only(root: string, env: NodeJS.ProcessEnv = {}): Parameters<typeof findTools>[0] & object {
  return {
    env,
    layer: join(root, 'opt'),
    builtLayers: [join(root, 'build', 'client'), join(root, 'build', 'server')],
    systemRoot: join(root, 'system'),
  };
}

const below = (directory: string, major: number): string =>
  join(directory, 'postgresql', String(major), 'usr', 'lib', 'postgresql', String(major), 'bin');

describe('findTools', () => {
  it('looks into every place, in order', () =>
    withDirectory(async (root) => {
      const builtFor = join(root, 'build', 'server');
      const places = {
        layer: await writeClientPrograms(below(join(root, 'opt'), 17), '17.1'),
        built: await writeClientPrograms(below(builtFor, 17), '17.2'),
        configured: await writeClientPrograms(join(root, 'my bin'), '17.3'),
        configuredToo: await writeClientPrograms(join(root, 'my other bin'), '16.1'),
        path: await writeClientPrograms(join(root, 'path'), '17.4'),
        debian: await writeClientPrograms(join(root, 'system/usr/lib/postgresql/17/bin'), '17.5'),
        homebrew: await writeClientPrograms(join(root, 'system/opt/homebrew/opt/libpq/bin'), '17.6'),
        versioned: await writeClientPrograms(join(root, 'system/usr/local/opt/postgresql@16/bin'), '16.2'),
      };
      const configured = [places.configured, places.configuredToo].join(delimiter);
      const { found, rejected } = await findTools(
        only(root, { PGPROOF_PG_BIN: configured, PATH: places.path }),
      );

      expect(rejected).toEqual([]);
      expect(found.map(({ directory }) => directory)).toEqual(Object.values(places));
      expect(found.map(({ place }) => place)).toEqual([
        'layer',
        'built',
        'PGPROOF_PG_BIN',
        'PGPROOF_PG_BIN',
        'PATH',
        'Debian',
        'Homebrew',
        'Homebrew',
      ]);
      expect(found.map(({ version }) => version)).toEqual([
        '17.1',
        '17.2',
        '17.3',
        '16.1',
        '17.4',
        '17.5',
        '17.6',
        '16.2',
      ]);
    }));

  it('takes the newest major of a layer first, by number', () =>
    withDirectory(async (root) => {
      for (const major of [9, 17, 10])
        await writeClientPrograms(below(join(root, 'opt'), major), `${major}.1`);
      await mkdir(join(root, 'opt', 'postgresql', '.17.building'), { recursive: true });
      const { found } = await findTools(only(root));
      expect(found.map(({ major }) => major)).toEqual([17, 10, 9]);
    }));

  it('passes over Debian’s wrapper, which chooses a version of its own', () =>
    withDirectory(async (root) => {
      await writePrograms(join(root, 'share'), { pg_wrapper: 'echo "pg_dump (PostgreSQL) 15.1"' });
      await mkdir(join(root, 'bin'));
      for (const name of ['pg_dump', 'pg_restore', 'pg_dumpall', 'psql']) {
        await symlink('../share/pg_wrapper', join(root, 'bin', name));
      }
      expect(await findTools(only(root, { PATH: join(root, 'bin') }))).toEqual({ found: [], rejected: [] });
    }));

  it('finds a version once, by whatever links it is reached', () =>
    withDirectory(async (root) => {
      const real = await writeClientPrograms(join(root, 'real'), '17.1');
      await symlink(real, join(root, 'link'));
      const { found } = await findTools(
        only(root, { PATH: [join(root, 'link'), real, real].join(delimiter) }),
      );
      expect(found.map(({ directory }) => directory)).toEqual([join(root, 'link')]);
    }));

  it('asks a program once, and again when it is another', () =>
    withDirectory(async (root) => {
      const directory = await writeClientPrograms(join(root, 'bin'), '17.1');
      const asked = join(root, 'asked');
      const answer = (version: string): Promise<string> =>
        writePrograms(directory, {
          pg_dump: `echo x >> "${asked}"; echo "pg_dump (PostgreSQL) ${version}"`,
        });
      const look = async (): Promise<readonly string[]> =>
        (await findTools(only(root, { PATH: directory }))).found.map(({ version }) => version);
      await answer('17.1');
      expect([await look(), await look()]).toEqual([['17.1'], ['17.1']]);
      expect(await readFile(asked, 'utf8')).toBe('x\n');
      await answer('17.12');
      expect([await look(), await look()]).toEqual([['17.12'], ['17.12']]);
      expect(await readFile(asked, 'utf8')).toBe('x\nx\n');
    }));

  it('remembers what it cannot use, and why', () =>
    withDirectory(async (root) => {
      const broken = await writeClientPrograms(join(root, 'broken'), '17.1');
      await writePrograms(broken, {
        pg_dump: 'echo "libpq.so.5: cannot open shared object file" >&2; exit 127',
      });
      const partial = await writeClientPrograms(join(root, 'partial'), '17.1');
      await rm(join(partial, 'pg_restore'));
      const stranger = await writeClientPrograms(join(root, 'stranger'), '17.1');
      await writePrograms(stranger, { pg_dump: 'echo "hello"' });
      const killed = await writeClientPrograms(join(root, 'killed'), '17.1');
      await writePrograms(killed, { pg_dump: 'kill -SEGV $$' });
      const closed = await writeClientPrograms(join(root, 'closed'), '17.1');
      await chmod(join(closed, 'pg_dump'), 0o644);

      const path = [broken, partial, stranger, killed, closed, join(root, 'nowhere'), 'relative'].join(
        delimiter,
      );
      const { found, rejected } = await findTools(only(root, { PATH: path }));
      expect(found).toEqual([]);
      expect(rejected.map(({ directory, reason }) => [directory, reason])).toEqual([
        [broken, 'pg_dump --version: libpq.so.5: cannot open shared object file'],
        [partial, 'no pg_restore'],
        [stranger, 'pg_dump --version says "hello"'],
        [killed, 'pg_dump --version: killed by SIGSEGV'],
      ]);
    }));

  it('does not take a server without client programs for a client, nor the reverse', () =>
    withDirectory(async (root) => {
      const server = await writePrograms(join(root, 'server'), {
        postgres: 'echo "postgres (PostgreSQL) 17.1"',
        initdb: 'echo "initdb (PostgreSQL) 17.1"',
      });
      const client = await writeClientPrograms(join(root, 'client'), '17.2');
      const options = only(root, { PATH: [server, client].join(delimiter) });
      expect((await findTools(options)).found.map(({ directory }) => directory)).toEqual([client]);
      expect((await findServerTools(options)).found.map(({ directory }) => directory)).toEqual([server]);
    }));
});

describe('chooseTools', () => {
  const tools = (version: string, directory = `/${version}`): FoundTools => ({
    version,
    major: Number.parseInt(version, 10),
    directory,
    place: 'PATH',
  });

  it.each([
    ['the same major', ['18.1', '17.1', '15.1'], 17, '17.1'],
    ['the nearest newer one', ['18.1', '17.1', '15.1'], 16, '17.1'],
    ['a newer one for an old server', ['18.1', '17.1'], 9, '17.1'],
    ['the first of two', ['17.1', '17.2'], 17, '17.1'],
  ])('takes %s', (_, versions, server, expected) => {
    const search = { found: versions.map((version) => tools(version)), rejected: [] };
    expect(chooseTools(search, server).version).toBe(expected);
  });

  it('never takes an older one, and says what there is and how to get another', () => {
    const search = {
      found: [tools('15.20', '/a b')],
      rejected: [{ directory: '/broken', place: 'PATH' as const, reason: 'no psql' }],
    };
    expect(() => chooseTools(search, 17)).toThrow(NoMatchingTools);
    expect(() => chooseTools(search, 17)).toThrow(
      /PostgreSQL 17: found 15\.20 in \/a b; not usable: \/broken \(no psql\) \(expected version 17 or newer\).*--major 17.*PGPROOF_PG_BIN/,
    );
    expect(() => chooseTools({ found: [], rejected: [] }, 17)).toThrow('none was found');
  });
});

describe('obtainTools', () => {
  it('fetches only where it is handed a way to', () =>
    withDirectory(async (root) => {
      await expect(obtainTools({ serverMajor: 17, ...only(root) })).rejects.toThrow(NoMatchingTools);
      const asked: unknown[] = [];
      const fetch: FetchPrograms = async (kind, major) => {
        asked.push([kind, major]);
        await writeClientPrograms(below(join(root, 'build', kind), major), `${major}.1`);
        return true;
      };
      expect(await obtainTools({ serverMajor: 17, ...only(root), fetch })).toMatchObject({ version: '17.1' });
      expect(await obtainTools({ serverMajor: 17, ...only(root), fetch })).toMatchObject({ place: 'built' });
      expect(asked).toEqual([['client', 17]]);
    }));

  it('says what there is where nothing can be fetched', () =>
    withDirectory(async (root) => {
      const old = await writeClientPrograms(join(root, 'old'), '12.3');
      await expect(obtainTools({ serverMajor: 17, ...only(root, { PATH: old }) })).rejects.toThrow(
        /found 12\.3 in/,
      );
    }));

  it('gives the paths of programs', () =>
    withDirectory(async (root) => {
      const directory = await writeClientPrograms(join(root, 'bin'), '17.9');
      const tools = await obtainTools({ serverMajor: 17, ...only(root, { PGPROOF_PG_BIN: directory }) });
      expect(toolPath(tools, 'pg_dump')).toBe(join(directory, 'pg_dump'));
    }));
});

describe('parseVersion', () => {
  it.each([
    ['pg_dump (PostgreSQL) 17.12 (Debian 17.12-0+deb13u1)', '17.12', 17],
    ['pg_dump (PostgreSQL) 9.6.24', '9.6.24', 9],
    ['postgres (PostgreSQL) 18beta2', '18beta2', 18],
    ['pg_dump (PostgreSQL) 19devel', '19devel', 19],
  ])('reads %s', (answer, version, major) => {
    expect(parseVersion(answer)).toEqual({ version, major });
  });

  it('reads nothing else', () => {
    expect(parseVersion('pg_dump (EnterpriseDB) 17.1')).toBeUndefined();
    expect(parseVersion('')).toBeUndefined();
  });
});
