import { expect, test } from 'vitest';
import { parseToc } from '../../../../../core/postgres/archive/toc.ts';
import { phasesOf } from '../../../../../core/postgres/pg-restore/phases.ts';

/** Lines as `pg_restore --list --verbose` writes them, each with the dump id that its place is. */
function tocOf(...entries: readonly (readonly [string, ...number[]])[]): ReturnType<typeof parseToc> {
  const lines = entries.map(([text, ...needs], place) => {
    const depends = needs.length === 0 ? '' : `\n;\tdepends on: ${needs.join(' ')}`;
    return `${place + 1}; 0 ${place + 1} ${text}${depends}`;
  });
  return parseToc(lines.join('\n'));
}

const toc = tocOf(
  ['DATABASE - app me'],
  ['ACL - DATABASE app me', 1],
  ['BLOB METADATA - 16400 me'],
  ['TABLE public t me'],
  ['ACL public TABLE t me', 4],
  ['MATERIALIZED VIEW public m me', 4],
  ['TABLE DATA public t me', 4],
  ['STATISTICS DATA public t me', 4],
  ['BLOBS - BLOBS me', 3],
  ['SEQUENCE SET public s me'],
  ['INDEX public i me', 4],
  ['STATISTICS DATA public i me', 11],
  ['EVENT TRIGGER - e me'],
  ['COMMENT - EVENT TRIGGER e me', 13],
  ['MATERIALIZED VIEW DATA public m me', 6],
);

test('definitions, rows, what follows, and event triggers with their comments', () => {
  expect(phasesOf(toc)).toEqual({
    definitions: [1, 2, 3, 4, 6],
    rows: [7, 8, 9, 10],
    after: [5, 11, 12, 15],
    eventTriggers: [13, 14],
  });
});

test('nothing is in two phases, nothing is lost, and what is left out is in none', () => {
  const { definitions, rows, after, eventTriggers } = phasesOf(toc, new Set([11, 12, 13]));
  const all = [...definitions, ...rows, ...after, ...eventTriggers];
  expect(all.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15]);
});

test('without rows everything comes after', () => {
  expect(phasesOf(tocOf(['TABLE public t me'], ['INDEX public i me', 1]))).toEqual({
    definitions: [],
    rows: [],
    after: [1, 2],
    eventTriggers: [],
  });
});
