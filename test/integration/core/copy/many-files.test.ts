import { expect, test } from 'vitest';
import { writePast } from '../../../support/backup/history.ts';
import { copyOne, withTwoPlaces } from '../../../support/copy/places.ts';
import { isLong } from '../../../support/run/long.ts';

test(
  'an archive of many files takes three requests for each, and memory that does not grow with them',
  () =>
    withTwoPlaces(['s3', 's3'], async (from, to) => {
      const files = isLong ? 5_000 : 500;
      const id = await writePast(
        {
          create: (key, content) =>
            from.server?.put('bucket', `some/prefix/${key}`, content) ?? Promise.reject(),
        },
        { startedAt: new Date('2026-11-20T02:00:00Z'), files, archiveBytes: 2_000 },
      );
      const before = process.memoryUsage().rss;
      let most = 0;
      await copyOne(from.store, to.store, id, {
        onProgress: () => {
          most = Math.max(most, process.memoryUsage.rss());
        },
      });
      const few = 30;
      expect(from.server?.calls('GetObject')).toBeLessThan(files + few);
      expect(to.server?.calls('PutObject')).toBeLessThan(files + few);
      expect(to.server?.calls('GetObject')).toBeLessThan(files + few);
      expect(to.server?.calls('CreateMultipartUpload')).toBe(0);
      expect(to.server?.calls('ListObjectsV2')).toBeLessThan(few);
      expect(most - before).toBeLessThan(300 * 1024 * 1024);
    }),
  180_000,
);
