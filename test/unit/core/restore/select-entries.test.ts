import { expect, test } from 'vitest';
import { entryReader } from '../../../../core/postgres/archive/describe-entries.ts';
import { parseToc } from '../../../../core/postgres/archive/toc.ts';
import { entryLinks } from '../../../../core/restore/entry-links.ts';
import { partitionTrees } from '../../../../core/restore/partition-trees.ts';
import { type EntrySelection, emptyTarget, selectEntries } from '../../../../core/restore/select-entries.ts';

/** What pg_restore 17 printed, shortened. */
const listed = `
2; 3079 16385 EXTENSION - hstore 
7; 2615 16385 SCHEMA - sales postgres
903; 1247 16469 TYPE sales state postgres
;	depends on: 7
271; 1255 16532 FUNCTION sales trg() postgres
;	depends on: 7
221; 1259 16478 TABLE public customers postgres
;	depends on: 2
226; 1259 16526 TABLE public parent postgres
220; 1259 16477 SEQUENCE public customers_id_seq postgres
;	depends on: 221
223; 1259 16494 TABLE sales orders x postgres
;	depends on: 903 7
222; 1259 16493 SEQUENCE sales orders x_id_seq postgres
;	depends on: 7 223
3599; 0 0 SEQUENCE OWNED BY sales orders x_id_seq postgres
;	depends on: 222
224; 1259 16511 VIEW public v postgres
;	depends on: 223 221
229; 1259 16539 TABLE public p postgres
230; 1259 16544 TABLE public p1 postgres
;	depends on: 229
3398; 0 0 TABLE ATTACH public p1 postgres
;	depends on: 230 229
3399; 2604 16497 DEFAULT sales orders x id postgres
;	depends on: 222 223 223
3577; 0 16478 TABLE DATA public customers postgres
;	depends on: 221
3579; 0 16494 TABLE DATA sales orders x postgres
;	depends on: 223
3584; 0 16544 TABLE DATA public p1 postgres
;	depends on: 230
3600; 0 0 SEQUENCE SET public customers_id_seq postgres
;	depends on: 220
3601; 0 0 SEQUENCE SET sales orders x_id_seq postgres
;	depends on: 222
3406; 2606 16484 CONSTRAINT public customers customers_pkey postgres
;	depends on: 221
3410; 1259 16549 INDEX public p_k_idx postgres
;	depends on: 229
3413; 1259 16550 INDEX public p1_k_idx postgres
;	depends on: 230 3410 230
3419; 0 0 INDEX ATTACH public p1_k_idx postgres
;	depends on: 3413 3410 230 229
3422; 2620 16533 TRIGGER sales orders x t1 postgres
;	depends on: 223 271
3421; 2606 16505 FK CONSTRAINT sales orders x orders_customer_fkey postgres
;	depends on: 3406 221 223
3598; 0 0 ACL sales TYPE state postgres
;	depends on: 903
`;
const toc = parseToc(listed);
const reader = entryReader(toc.entries);
for (const { dumpId, label, type } of toc.entries) {
  const [schema = '', ...rest] = label.split(' ');
  const name = rest.slice(0, type === 'EXTENSION' ? undefined : -1).join(' ');
  reader.take(`-- TOC entry ${dumpId} (class 0 OID 0)`);
  reader.take(`-- Name: ${name}; Type: ${type}; Schema: ${schema}; Owner: -`);
}
const links = entryLinks(toc, reader.described(), partitionTrees(toc));

const select = (
  chosen: readonly number[],
  { has = [], excluded = [], offers = true }: { has?: number[]; excluded?: number[]; offers?: boolean } = {},
): EntrySelection =>
  selectEntries(toc, links, {
    chosen: new Set(chosen),
    excluded: new Set(excluded),
    target: { has: (id) => has.includes(id), offers: () => offers },
  });
const ids = (found: ReadonlySet<number>): number[] => [...found].sort((a, b) => a - b);

test('names are told apart although they have spaces, and owners stand behind them', () => {
  expect(reader.described().get(223)).toMatchObject({ schema: 'sales', name: 'orders x' });
  expect(reader.described().get(2)).toMatchObject({ schema: '-', name: 'hstore' });
});

test('a table comes with what belongs to it and what that needs, grants of what is made too', () => {
  const { selected, apart, lacking } = select([223]);
  expect(ids(selected)).toEqual(
    [7, 222, 223, 271, 903, 3399, 3422, 3579, 3598, 3599, 3601].sort((a, b) => a - b),
  );
  // A foreign key stays away from a table that stays away.
  expect(apart).toEqual([{ dumpId: 3421, lacks: 221 }]);
  expect(lacking).toEqual([]);
  expect(select([223, 221]).selected.has(3421)).toBe(true);
});

test('what the target has is used: neither made, nor granted, nor set', () => {
  const { selected, used } = select([223], { has: [7, 903, 222, 271] });
  expect(ids(selected)).toEqual([223, 3399, 3422, 3579]);
  expect(ids(used)).toEqual([7, 222, 271, 903]);
});

test('an identity comes with its table, and never without', () => {
  expect(ids(select([221]).selected)).toEqual([2, 220, 221, 3406, 3577, 3600]);
  expect(select([220]).lacking).toEqual([{ dumpId: 220, lacks: 221 }]);
  // What a column only owns is a sequence without it too.
  expect(ids(select([222]).selected)).toEqual([7, 222, 3601]);
});

test('a view takes no tables along, and says what it lacks', () => {
  expect(select([224], { has: [223] })).toMatchObject({ lacking: [{ dumpId: 224, lacks: 221 }] });
  expect(ids(select([224], { has: [223, 221] }).selected)).toEqual([224]);
});

test('an extension that the server does not offer is what a table lacks', () => {
  expect(select([221], { offers: false }).lacking).toEqual([{ dumpId: 221, lacks: 2 }]);
  expect(select([221], { offers: false, has: [2] }).lacking).toEqual([]);
});

test('a partition is a table by itself, or goes back into its tree', () => {
  expect(ids(select([230]).selected)).toEqual([230, 3413, 3584]);
  expect(select([230], { has: [229] }).selected.has(3398)).toBe(true);
});

test('what is excluded stays away with all that belongs to it, whoever needs it', () => {
  const all = toc.entries.map(({ dumpId }) => dumpId).filter((id) => id !== 223);
  const { selected, lacking } = select(all, { excluded: [223] });
  for (const id of [223, 3399, 3422, 3421, 3579, 224]) expect(selected.has(id)).toBe(false);
  expect(lacking).toContainEqual({ dumpId: 224, lacks: 223 });
  expect(emptyTarget.has(223)).toBe(false);
});
