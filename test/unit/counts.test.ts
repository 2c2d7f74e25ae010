import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** What is counted for people. Words that are also verbs are not among them. */
const things =
  'archives|backups|bytes|checks|columns|copies|databases|days|entries|errors|extensions|files|hours|jobs|lines|minutes|objects|others|problems|roles|rows|seconds|sequences|servers|sources|stores|tables|tablespaces|times|workers';
/** A figure that a template puts in, and the plural right behind it: `${count} tables`. */
const counted = new RegExp(`\\$\\{(?:[^{}\`]|\\{[^{}]*\\})*\\} (?:more )?(?:${things})\\b`, 'g');

/** Never of one, each for its own reason. */
const neverOne: Readonly<Record<string, string>> = {
  'core/store/store.ts': 'a limit of megabytes',
  'core/manifest/document.ts': 'a limit of megabytes',
  'core/postgres/archive/sql-text.ts': 'a limit of kilobytes',
  'core/config/problem.ts': 'one has its own words',
  'core/config/object-lock.ts': 'the most that is allowed',
  'core/source/backup-role-sql.ts': 'the most that is allowed',
  'core/postgres/dump/dump-globals.ts': 'a limit of megabytes',
  'core/inventory/judge-manifest.ts': 'one is right',
  'core/restore/beside/contradictions.ts': 'a limit of PostgreSQL’s',
  'core/restore/beside/rename-existing.ts': 'how long a lock is waited for, several',
  'core/store/s3/s3-store.ts': 'a limit of thousands',
  'core/store/s3/multipart.ts': 'a limit of gigabytes',
  'core/verify/read/read-archive.ts': 'one is right',
  'core/verify/read/read-directory.ts': 'room for an archive',
  'core/verify/read/checksum-check.ts': 'one object has no number',
  'core/config/cron.ts': 'five are expected',
  'cli/demo/catch-failure.ts': 'the demo makes several',
};

test('a count of one is told in the singular: plural() and byteCount() of core/text/units.ts', async () => {
  const found: string[] = [];
  for (const room of ['core', 'cli', 'functions'])
    for (const name of await readdir(room, { recursive: true })) {
      const path = join(room, name);
      if (!name.endsWith('.ts') || path in neverOne) continue;
      const text = await readFile(path, 'utf8');
      for (const [match] of text.matchAll(counted)) found.push(`${path}: ${match}`);
    }
  expect(found).toEqual([]);
});
