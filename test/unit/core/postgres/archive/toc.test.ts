import { expect, test } from 'vitest';
import { dependentsOf, parseToc } from '../../../../../core/postgres/archive/toc.ts';

/** What pg_restore 17 printed, shortened. */
const listed = `;
; Archive created at 2026-11-21 04:54:40 UTC
;     dbname: a
;     TOC Entries: 32
;     Dumped from database version: 17.12 (Debian 17.12-0+deb13u1)
;     Dumped by pg_dump version: 18.6 (Debian 18.6-3)
;
;
; Selected TOC Entries:
;
3695; 1262 16384 DATABASE - a postgres
3; 3079 16513 EXTENSION - citext 
2; 3079 16385 EXTENSION - hstore 
3697; 0 0 COMMENT - EXTENSION hstore 
;	depends on: 2
373; 1255 16718 FUNCTION public f(public.hstore) postgres
;	depends on: 2 2 2
224; 1259 16723 TABLE public child postgres
220; 1259 16699 SEQUENCE public odd "name x_id_seq postgres
221; 1259 16700 TABLE public odd "name x postgres
;	depends on: 3 3 2 2
225; 1259 16731 MATERIALIZED VIEW public mv postgres
;	depends on: 221 3
222; 1259 16710 TABLE public plain postgres
3527; 2604 16703 DEFAULT public odd "name x id postgres
;	depends on: 220 221 221
3686; 0 16723 TABLE DATA public child postgres
;	depends on: 224
3684; 0 16700 TABLE DATA public odd "name x postgres
;	depends on: 221
3533; 2606 16716 CONSTRAINT public plain plain_pkey postgres
;	depends on: 222
3535; 2606 16726 FK CONSTRAINT public child child_id_fkey postgres
;	depends on: 222 3533 224
3687; 0 16731 MATERIALIZED VIEW DATA public mv postgres
;	depends on: 225 3691
`;
const toc = parseToc(listed);

test('reads the head and every entry with what it depends on', () => {
  expect(toc).toMatchObject({
    createdAt: new Date('2026-11-21T04:54:40Z'),
    serverVersion: '17.12',
    pgDumpVersion: '18.6',
  });
  expect(toc.entries).toHaveLength(16);
  expect(toc.entries.find(({ dumpId }) => dumpId === 3535)).toEqual({
    dumpId: 3535,
    type: 'FK CONSTRAINT',
    label: 'public child child_id_fkey postgres',
    dependsOn: [222, 3533, 224],
    object: '2606 16726',
  });
  expect(toc.entries.find(({ dumpId }) => dumpId === 3687)?.type).toBe('MATERIALIZED VIEW DATA');
  expect(toc.entries.find(({ dumpId }) => dumpId === 2)?.label).toBe('- hstore');
});

test('what depends on an extension, however far', () => {
  const found = dependentsOf(toc, new Set([2]));
  expect([...found].sort((a, b) => a - b)).toEqual([221, 225, 373, 3527, 3684, 3687, 3697]);
});
