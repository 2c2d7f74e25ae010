import {
  deparsed,
  dumpedSchemas,
  firstUserOid,
  named,
  noGrants,
  noOwner,
  type ObjectKind,
  settingOf,
  since,
  sorted,
} from './object-query.ts';
import { columnsOfRelations } from './tables.ts';

/** An object that comes and goes with another one, as the functions and the cast of a range type do. */
function isAutomatic(classid: string, oid: string): string {
  return `exists (select from pg_depend part where part.classid = '${classid}'::regclass and part.objid = ${oid}
                     and part.deptype = 'i')`;
}

const functions: ObjectKind = (major) => `
  select 'pg_proc'::regclass as classid, routine.oid as objid, routine.proowner as owner,
         routine.proacl as acl, acldefault('f', routine.proowner) as preset,
         jsonb_build_object(
           'kind', routine.prokind, 'language', language.lanname, 'source', routine.prosrc, 'binary', routine.probin,
           'body', ${deparsed(since(14, major, 'pg_get_function_sqlbody(routine.oid)'))},
           'arguments', ${deparsed('pg_get_function_arguments(routine.oid)')},
           'result', pg_get_function_result(routine.oid),
           'volatility', routine.provolatile, 'strict', routine.proisstrict, 'definer', routine.prosecdef,
           'leakproof', routine.proleakproof, 'parallel', routine.proparallel, 'cost', routine.procost,
           'rows', routine.prorows, 'support', routine.prosupport::regproc::text,
           'settings', ${sorted(`array(select ${settingOf('own_setting')} from unnest(routine.proconfig) own_setting)`)},
           'transforms', (select jsonb_agg(format_type(type, null) order by format_type(type, null) collate "C")
                            from unnest(routine.protrftypes) type),
           'aggregate', case when aggregate.aggfnoid is not null then jsonb_build_object(
             'kind', aggregate.aggkind, 'direct', aggregate.aggnumdirectargs,
             'transition', aggregate.aggtransfn::regprocedure::text, 'final', aggregate.aggfinalfn::regprocedure::text,
             'combine', aggregate.aggcombinefn::regprocedure::text,
             'serial', aggregate.aggserialfn::regprocedure::text,
             'deserial', aggregate.aggdeserialfn::regprocedure::text,
             'movingTransition', aggregate.aggmtransfn::regprocedure::text,
             'movingInverse', aggregate.aggminvtransfn::regprocedure::text,
             'movingFinal', aggregate.aggmfinalfn::regprocedure::text,
             'extra', aggregate.aggfinalextra, 'movingExtra', aggregate.aggmfinalextra,
             'modify', aggregate.aggfinalmodify, 'movingModify', aggregate.aggmfinalmodify,
             'sort', aggregate.aggsortop::regoperator::text, 'type', format_type(aggregate.aggtranstype, null),
             'space', aggregate.aggtransspace,
             'movingType', format_type(nullif(aggregate.aggmtranstype, 0), null),
             'movingSpace', aggregate.aggmtransspace, 'initial', aggregate.agginitval,
             'movingInitial', aggregate.aggminitval) end) as definition
    from pg_proc routine
    join ${dumpedSchemas} space on space.oid = routine.pronamespace
    join pg_language language on language.oid = routine.prolang
    left join pg_aggregate aggregate on aggregate.aggfnoid = routine.oid
   where not ${isAutomatic('pg_proc', 'routine.oid')}`;

/** Not what comes with another: array types, the row types of tables, multiranges. */
const types: ObjectKind = (major) => `
  select 'pg_type'::regclass as classid, type.oid as objid, type.typowner as owner,
         type.typacl as acl, acldefault('T', type.typowner) as preset,
         jsonb_build_object(
           'kind', type.typtype, 'defined', type.typisdefined, 'notNull', type.typnotnull,
           'base', case when type.typtype = 'd' then format_type(type.typbasetype, type.typtypmod) end,
           'default', ${deparsed('pg_get_expr(type.typdefaultbin, 0)')},
           'defaultText', case when type.typtype = 'b' then type.typdefault end,
           'collation', case when type.typtype = 'd' then ${named('pg_collation', 'coll', 'type.typcollation')} end,
           'collatable', type.typcollation <> 0,
           'columns', columns.list,
           'labels', (select jsonb_agg(label.enumlabel order by label.enumsortorder)
                        from pg_enum label where label.enumtypid = type.oid),
           'range', (select jsonb_build_object('of', format_type(range.rngsubtype, null),
                              'operators', ${named('pg_opclass', 'opc', 'range.rngsubopc')},
                              'collation', ${named('pg_collation', 'coll', 'range.rngcollation')},
                              'canonical', range.rngcanonical::regproc::text,
                              'difference', range.rngsubdiff::regproc::text,
                              'multirange', ${since(14, major, 'format_type(range.rngmultitypid, null)')})
                       from pg_range range where range.rngtypid = type.oid),
           'scalar', case when type.typtype = 'b' then jsonb_build_object(
             'input', type.typinput::regproc::text, 'output', type.typoutput::regproc::text,
             'receive', type.typreceive::regproc::text, 'send', type.typsend::regproc::text,
             'modifierInput', type.typmodin::regproc::text, 'modifierOutput', type.typmodout::regproc::text,
             'analyze', type.typanalyze::regproc::text, 'length', type.typlen, 'byValue', type.typbyval,
             'alignment', type.typalign, 'storage', type.typstorage, 'category', type.typcategory,
             'preferred', type.typispreferred, 'delimiter', type.typdelim,
             'element', format_type(nullif(type.typelem, 0), null),
             'subscript', ${since(14, major, 'type.typsubscript::regproc::text')}) end) as definition
    from pg_type type
    join ${dumpedSchemas} space on space.oid = type.typnamespace
    left join pg_class relation on relation.oid = type.typrelid
    left join pg_type element on element.oid = type.typelem
    left join (${columnsOfRelations(major, `'c'`)}) columns on columns.attrelid = type.typrelid
   where type.typtype <> 'm' and (relation.relkind is null or relation.relkind = 'c')
     and element.typarray is distinct from type.oid`;

/** An operator without a function only keeps a name that another one gave as its commutator; pg_dump leaves it out. */
const operators: ObjectKind = () => `
  select 'pg_operator'::regclass as classid, operator.oid as objid, operator.oprowner as owner,
         ${noGrants},
         jsonb_build_object('kind', operator.oprkind, 'function', operator.oprcode::regprocedure::text,
           'commutator', operator.oprcom::regoperator::text, 'negator', operator.oprnegate::regoperator::text,
           'restrict', operator.oprrest::regproc::text, 'join', operator.oprjoin::regproc::text,
           'merges', operator.oprcanmerge, 'hashes', operator.oprcanhash) as definition
    from pg_operator operator
    join ${dumpedSchemas} space on space.oid = operator.oprnamespace
   where operator.oprcode <> 0`;

const operatorClasses: ObjectKind = () => `
  select 'pg_opclass'::regclass as classid, class.oid as objid, class.opcowner as owner, ${noGrants},
         jsonb_build_object('type', format_type(class.opcintype, null), 'default', class.opcdefault,
           'key', format_type(nullif(class.opckeytype, 0), null),
           'family', ${named('pg_opfamily', 'opf', 'class.opcfamily')}) as definition
    from pg_opclass class
    join ${dumpedSchemas} space on space.oid = class.opcnamespace`;

const operatorFamilies: ObjectKind = () => `
  select 'pg_opfamily'::regclass as classid, family.oid as objid, family.opfowner as owner, ${noGrants},
         jsonb_build_object(
           'operators', (select jsonb_agg(jsonb_build_array(member.amopstrategy, member.amoppurpose,
                                  member.amopopr::regoperator::text, ${named('pg_opfamily', 'opf', 'member.amopsortfamily')})
                                order by member.amopstrategy, member.amopopr::regoperator::text collate "C")
                           from pg_amop member where member.amopfamily = family.oid),
           'functions', (select jsonb_agg(jsonb_build_array(member.amprocnum, format_type(member.amproclefttype, null),
                                  format_type(member.amprocrighttype, null), member.amproc::regprocedure::text)
                                order by member.amprocnum, format_type(member.amproclefttype, null) collate "C",
                                         format_type(member.amprocrighttype, null) collate "C")
                           from pg_amproc member where member.amprocfamily = family.oid)) as definition
    from pg_opfamily family
    join ${dumpedSchemas} space on space.oid = family.opfnamespace`;

const casts: ObjectKind = () => `
  select 'pg_cast'::regclass as classid, cast_.oid as objid, ${noOwner}, ${noGrants},
         jsonb_build_object('function', cast_.castfunc::regprocedure::text, 'context', cast_.castcontext,
           'method', cast_.castmethod) as definition
    from pg_cast cast_
   where cast_.oid >= ${firstUserOid} and not ${isAutomatic('pg_cast', 'cast_.oid')}`;

const transforms: ObjectKind = () => `
  select 'pg_transform'::regclass as classid, transform.oid as objid, ${noOwner}, ${noGrants},
         jsonb_build_object('from', transform.trffromsql::regprocedure::text,
           'to', transform.trftosql::regprocedure::text) as definition
    from pg_transform transform where transform.oid >= ${firstUserOid}`;

const conversions: ObjectKind = () => `
  select 'pg_conversion'::regclass as classid, conversion.oid as objid, conversion.conowner as owner,
         ${noGrants},
         jsonb_build_object('from', pg_encoding_to_char(conversion.conforencoding),
           'to', pg_encoding_to_char(conversion.contoencoding), 'function', conversion.conproc::regproc::text,
           'default', conversion.condefault) as definition
    from pg_conversion conversion
    join ${dumpedSchemas} space on space.oid = conversion.connamespace`;

/**
 * Without the version, which is the library's. One that was made `from "C"` is for every encoding, as that is; pg_dump writes
 * its locale, and what comes of that is for the database's. PostgreSQL 16 and newer write an ICU locale in another form when a
 * collation is made than when it came by an upgrade of the server.
 */
const collations: ObjectKind = () => `
  select 'pg_collation'::regclass as classid, own.oid as objid, own.collowner as owner, ${noGrants},
         jsonb_build_object('provider', own.collprovider, 'deterministic', own.collisdeterministic,
           'encoding', case when own.collprovider = 'c' and own.collencoding = -1
                            then (select encoding from pg_database where datname = current_database())
                            else own.collencoding end,
           'locale', case own.collprovider
             when 'i' then replace(lower(coalesce(raw.value ->> 'colllocale', raw.value ->> 'colliculocale',
                                                  raw.value ->> 'collcollate')), '_', '-')
             when 'b' then raw.value ->> 'colllocale' end,
           'rules', raw.value ->> 'collicurules',
           'collate', case own.collprovider when 'c' then own.collcollate end,
           'ctype', case own.collprovider when 'c' then own.collctype end) as definition
    from pg_collation own
    join ${dumpedSchemas} space on space.oid = own.collnamespace
   cross join lateral (select to_jsonb(own) as value) raw`;

const languages: ObjectKind = () => `
  select 'pg_language'::regclass as classid, language.oid as objid, language.lanowner as owner,
         language.lanacl as acl, acldefault('l', language.lanowner) as preset,
         jsonb_build_object('trusted', language.lanpltrusted, 'call', language.lanplcallfoid::regprocedure::text,
           'inline', language.laninline::regprocedure::text,
           'validator', language.lanvalidator::regprocedure::text) as definition
    from pg_language language where language.oid >= ${firstUserOid}`;

const accessMethods: ObjectKind = () => `
  select 'pg_am'::regclass as classid, method.oid as objid, ${noOwner}, ${noGrants},
         jsonb_build_object('type', method.amtype, 'handler', method.amhandler::regproc::text) as definition
    from pg_am method where method.oid >= ${firstUserOid}`;

export const codeKinds: readonly ObjectKind[] = [
  functions,
  types,
  operators,
  operatorClasses,
  operatorFamilies,
  casts,
  transforms,
  conversions,
  collations,
  languages,
  accessMethods,
];
