import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { documentLimits } from '../../../../core/manifest/document.ts';
import { collectSmall, ObjectTooLarge } from '../../../../core/store/store.ts';

test('a document that does not end is given up at the limit, and its source let go', async () => {
  const piece = Buffer.alloc(1024 * 1024);
  let given = 0;
  const endless = new Readable({
    read() {
      given += piece.length;
      this.push(piece);
    },
  });
  await expect(collectSmall(endless, 's3://bucket/manifest.json')).rejects.toThrow(ObjectTooLarge);
  expect(given).toBeLessThan(documentLimits.bytes + 4 * piece.length);
  expect(endless.destroyed).toBe(true);
});
