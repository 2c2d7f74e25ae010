import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../core/errors.ts';
import {
  encodeName,
  formatId,
  keyOf,
  parseId,
  parseIdOrLatest,
} from '../../../../core/manifest/backup-id.ts';

const name = fc
  .string({ minLength: 1, maxLength: 63, unit: 'grapheme' })
  .filter((text) => text.isWellFormed());
const second = fc.integer({ min: 0, max: 4_102_444_800 }).map((seconds) => new Date(seconds * 1_000));

describe('a backup id', () => {
  it('makes the round trip whatever the names are', () => {
    fc.assert(
      fc.property(name, name, second, (source, database, startedAt) => {
        expect(parseId(formatId({ source, database, startedAt }))).toEqual({ source, database, startedAt });
      }),
    );
  });

  it('sorts as time does', () => {
    fc.assert(
      fc.property(second, second, (a, b) => {
        const [first, other] = [a, b].map((startedAt) => formatId({ source: 's', database: 'd', startedAt }));
        expect(Math.sign((first ?? '').localeCompare(other ?? '', 'en'))).toBe(
          Math.sign(a.getTime() - b.getTime()),
        );
      }),
    );
  });

  it('never climbs, hides, or leaves its own segment', () => {
    fc.assert(
      fc.property(name, (text) => {
        expect(encodeName(text)).toMatch(/^[A-Za-z0-9_~%-][A-Za-z0-9._~%-]*$/);
      }),
    );
    expect(encodeName('..')).toBe('%2E.');
    expect(encodeName('x/../y')).toBe('x%2F..%2Fy');
  });

  it('looks as documented', () => {
    const id = { source: 'orders-prod', database: 'app', startedAt: new Date('2026-11-20T02:00:00.000Z') };
    expect(formatId(id)).toBe('orders-prod/app/2026-11-20T02-00-00Z');
    expect(keyOf(id, 'manifest.json')).toBe('orders-prod/app/2026-11-20T02-00-00Z/manifest.json');
    expect(parseIdOrLatest('orders-prod/a%20b/latest')).toEqual({ source: 'orders-prod', database: 'a b' });
  });

  it.each([
    '',
    'a',
    'a/b',
    'a/b/c',
    'a/b/2026-02-30T00-00-00Z',
    'a/b/2026-01-01T00:00:00Z',
    'a//2026-01-01T00-00-00Z',
    'a/%zz/latest',
    'a/b/latest/x',
  ])('refuses %j', (text) => {
    expect(() => parseIdOrLatest(text)).toThrow(UsageError);
  });
});
