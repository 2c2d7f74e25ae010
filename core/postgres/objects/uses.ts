/**
 * What definitions call that is not built in: operators, functions, operator classes, by name. The text of a definition
 * does not always say: `JOIN … USING`, `CASE … WHEN`, `IN`, `NULLIF` and `IS DISTINCT FROM` have no place for an
 * operator's schema, and pg_restore looks them up under an empty search_path. A view over citext may come back with the
 * operator of text: its words are the same, its rows are not.
 *
 * Not types and collations: they stand in the text with their schemas, and casts of arrays are taken apart when they are
 * read again (see canonicalSql). What is built in is in no pg_depend: where it took the place of something else, that
 * is missing.
 */
export const usesOfObjects = `
  select owner.type, owner.identity,
         jsonb_agg(distinct used.type || ' ' || used.identity)::text as uses
    from (select distinct
                 case when view.oid is not null or preset.oid is not null then 'pg_class'::regclass::oid
                      when member.oid is not null then 'pg_publication'::regclass::oid
                      else link.classid end as classid,
                 coalesce(view.ev_class, preset.adrelid, member.prpubid, link.objid) as objid,
                 link.refclassid, link.refobjid
            from pg_depend link
            left join pg_rewrite view on link.classid = 'pg_rewrite'::regclass and view.oid = link.objid
                 and view.rulename = '_RETURN'
            left join pg_attrdef preset on link.classid = 'pg_attrdef'::regclass and preset.oid = link.objid
            left join pg_publication_rel member on link.classid = 'pg_publication_rel'::regclass
                 and member.oid = link.objid
           where link.deptype in ('n', 'a', 'i')
             and link.refclassid in ('pg_operator'::regclass, 'pg_proc'::regclass, 'pg_opclass'::regclass,
                                     'pg_opfamily'::regclass)
             and link.classid in ('pg_rewrite'::regclass, 'pg_attrdef'::regclass, 'pg_publication_rel'::regclass,
                                  'pg_class'::regclass, 'pg_constraint'::regclass, 'pg_policy'::regclass,
                                  'pg_trigger'::regclass, 'pg_proc'::regclass, 'pg_statistic_ext'::regclass,
                                  'pg_type'::regclass)
             and not exists (select from pg_depend part
                              where part.classid = link.classid and part.objid = link.objid and part.deptype = 'e')
         ) link
   cross join lateral pg_identify_object(link.classid, link.objid, 0) owner
   cross join lateral pg_identify_object(link.refclassid, link.refobjid, 0) used
   where owner.identity is not null and used.identity is not null
   group by owner.type, owner.identity`;
