import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../core/errors.ts';
import type { PrunableStore } from '../../../../core/store/prunable.ts';
import { readSmall } from '../../../../core/store/store.ts';
import { bytesOf, sourceOf } from '../../../support/store/byte-source.ts';
import { keysOf } from './contract.ts';

export type OpenedPrunable = {
  readonly store: PrunableStore;
  /** Whatever lies in the store that no key shows: staging files, uploads, empty directories. */
  leftovers(): Promise<string[]>;
};

const mebibyte = 1024 * 1024;

/** What every store promises to whoever tidies it up. `open` runs a test with a fresh, empty store. */
export function describePrunable(
  name: string,
  open: (use: (opened: OpenedPrunable) => Promise<void>) => Promise<void>,
): void {
  const inStore = (title: string, use: (opened: OpenedPrunable) => Promise<void>): void =>
    it(title, () => open(use));

  describe(`${name}: removing`, () => {
    inStore('takes what it is told and nothing else', async ({ store, leftovers }) => {
      const keys = [
        'app/a/t1/manifest.json',
        'app/a/t1/archive/toc.dat',
        'app-x/a/t1/manifest.json',
        'app/a/t1x/m',
      ];
      for (const key of keys) await store.create(key, Buffer.from(key));
      expect(await store.remove(['app/a/t1/manifest.json', 'app/a/t1/archive/toc.dat'])).toEqual([]);
      expect(await keysOf(store)).toEqual(['app-x/a/t1/manifest.json', 'app/a/t1x/m']);
      for (const key of await keysOf(store)) expect((await readSmall(store, key)).toString()).toBe(key);
      expect(await leftovers()).toEqual([]);
    });

    inStore('of what is gone already is no failure, nor of the same twice', async ({ store, leftovers }) => {
      await store.create('a/b/c', Buffer.from('x'));
      await store.create('kept', Buffer.from('x'));
      expect(await store.remove(['a/b/c', 'a/b/c', 'a/b/other', 'never/was/here'])).toEqual([]);
      expect(await store.remove(['a/b/c'])).toEqual([]);
      expect(await store.remove([])).toEqual([]);
      expect(await keysOf(store)).toEqual(['kept']);
      expect(await leftovers()).toEqual([]);
    });

    inStore('takes any characters that a file system and S3 take', async ({ store }) => {
      const keys = [
        'a b/c',
        '%2E%2E/x',
        'Ünïcode "quoted"/<&>\'',
        'new\nline/+&=?#',
        'cr\rlf/x',
        'tab\t/x',
        'x\u0085y/z',
        '𝒳/y',
      ];
      for (const key of keys) await store.create(key, Buffer.from('x'));
      await store.create('kept', Buffer.from('x'));
      expect(await store.remove(keys)).toEqual([]);
      expect(await keysOf(store)).toEqual(['kept']);
    });

    inStore('refuses a key that climbs out, and takes the others', async ({ store }) => {
      await store.create('a/b', Buffer.from('x'));
      const left = await store.remove([
        '../x',
        '.staging/x',
        'a/../../b',
        '',
        'a//b',
        'a/',
        '/etc/passwd',
        'a/b',
      ]);
      expect(left.map(({ key }) => key)).toEqual([
        '../x',
        '.staging/x',
        'a/../../b',
        '',
        'a//b',
        'a/',
        '/etc/passwd',
      ]);
      for (const { why } of left) expect(why).toBeInstanceOf(UsageError);
      expect(await keysOf(store)).toEqual([]);
    });

    inStore('ends with the signal', async ({ store }) => {
      await store.create('a/b', Buffer.from('x'));
      const signal = AbortSignal.abort(new Error('enough'));
      await expect(store.remove(['a/b'], { signal })).rejects.toThrow('enough');
      expect(await keysOf(store)).toEqual(['a/b']);
    });
  });

  describe(`${name}: unfinished work`, () => {
    inStore('is listed with its bytes and taken away', async ({ store, leftovers }) => {
      expect(await store.listUnfinished('')).toEqual({ found: [], incomplete: undefined });
      const staged = await store.stage('s/d/t/archive.dump', sourceOf(bytesOf(9 * mebibyte)));
      await store.create('s/d/t/manifest.json', Buffer.from('{}'));
      const { found, incomplete } = await store.listUnfinished('s/d/');
      expect(incomplete).toBeUndefined();
      expect(found).toMatchObject([{ bytes: 9 * mebibyte }]);
      const [one] = found;
      if (one === undefined) throw new Error('nothing was found');
      expect(Math.abs(Date.now() - (one.writtenAt?.getTime() ?? 0))).toBeLessThan(60_000);
      if (one.kind === 'upload') {
        expect(one).toMatchObject({ key: 's/d/t/archive.dump', owner: 'unknown' });
        expect((await store.listUnfinished('s/e')).found).toEqual([]);
        await store.removeUnfinished(one);
      } else {
        // Of a run that goes on, which is this one.
        expect(one).toMatchObject({ key: undefined, owner: 'lives' });
        await expect(store.removeUnfinished(one)).rejects.toThrow('its run goes on');
        await staged.abort();
      }
      await store.removeUnfinished(one);
      expect(await store.listUnfinished('')).toEqual({ found: [], incomplete: undefined });
      expect(await leftovers()).toEqual([]);
      expect(await keysOf(store)).toEqual(['s/d/t/manifest.json']);
      await staged.abort();
    });
  });
}
