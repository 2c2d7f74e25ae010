import type { Client } from 'pg';

/** money and money[] (pg_type.dat); the system's own types keep their OIDs for ever. */
const money = '(790, 791)';
/** How an expression says that a part of it is money: `:consttype 790`, `:funcresulttype 790` and their like. */
const inTree = `~ 'type 79[01]\\M'`;

/**
 * Whether a database has the type money in it anywhere that a dump writes an amount or computes one when it is
 * restored: columns, also of composite types and views; domains, ranges; constants and casts in expressions. What those
 * are is in the text of their trees, as the system's own types leave no trace in pg_depend.
 */
export async function holdsMoney(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ holds: boolean }>(`
    with spaces as (select oid from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'),
         relations as (select oid, relpartbound::text as bound from pg_class
                        where relnamespace in (select oid from spaces))
    select exists (select from pg_attribute where atttypid in ${money} and not attisdropped
                      and attrelid in (select oid from relations))
        or exists (select from pg_type where typnamespace in (select oid from spaces)
                      and (typbasetype in ${money} or typdefaultbin::text ${inTree}))
        or exists (select from pg_range where rngsubtype in ${money})
        or exists (select from pg_attrdef where adbin::text ${inTree})
        or exists (select from pg_constraint where conbin::text ${inTree}
                      and connamespace in (select oid from spaces))
        or exists (select from pg_index where indrelid in (select oid from relations)
                      and (indexprs::text ${inTree} or indpred::text ${inTree}))
        or exists (select from relations where bound ${inTree})
        or exists (select from pg_rewrite where ev_class in (select oid from relations)
                      and (ev_action::text ${inTree} or ev_qual::text ${inTree}))
        or exists (select from pg_policy where polqual::text ${inTree} or polwithcheck::text ${inTree})
        or exists (select from pg_trigger where tgqual::text ${inTree})
        or exists (select from pg_proc where pronamespace in (select oid from spaces)
                      and (proargdefaults::text ${inTree} or to_jsonb(pg_proc)->>'prosqlbody' ${inTree}))
        or exists (select from pg_statistic_ext where to_jsonb(pg_statistic_ext)->>'stxexprs' ${inTree})
        or exists (select from pg_publication_rel where to_jsonb(pg_publication_rel)->>'prqual' ${inTree})
        as holds`);
  return rows[0]?.holds === true;
}
