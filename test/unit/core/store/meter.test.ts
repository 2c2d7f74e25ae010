import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { measure, meter } from '../../../../core/store/meter.ts';

/** Of `abc`: FIPS 180-2, appendix B.1. */
const sha256OfAbc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const pieces = [Buffer.from('a'), Buffer.from('bc')];

test('pieces are counted and hashed as the whole that they make', () => {
  const { add, bytes, sha256 } = measure();
  for (const piece of pieces) add(piece);
  expect([bytes(), sha256(), sha256()]).toEqual([3, sha256OfAbc, sha256OfAbc]);
});

test('a meter lets bytes pass, and tells the total and each piece', async () => {
  const told: number[][] = [];
  const measured = meter((total, piece) => told.push([total, piece]));
  expect((await pipeline(pieces, measured, buffer)).toString()).toBe('abc');
  expect([measured.bytes(), measured.sha256()]).toEqual([3, sha256OfAbc]);
  expect(told).toEqual([
    [1, 1],
    [3, 2],
  ]);
});

test('an error of the judge takes the place of the end', async () => {
  const judged: string[] = [];
  const refusing = meter(undefined, (whole) => {
    judged.push(whole.sha256());
    return new Error('not that');
  });
  await expect(pipeline(pieces, refusing, buffer)).rejects.toThrow('not that');
  expect(judged).toEqual([sha256OfAbc]);
  const content = await pipeline(
    pieces,
    meter(undefined, () => undefined),
    buffer,
  );
  expect(content.length).toBe(3);
});

test('what is longer than it may be is judged before its end', async () => {
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(1024);
    })(),
  );
  const refusing = meter(undefined, (whole) => new Error(`got ${whole.bytes()}`), 2000);
  await expect(pipeline(endless, refusing, buffer)).rejects.toThrow('got 2048');
});
