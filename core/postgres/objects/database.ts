import {
  deparsed,
  dumpedSchemas,
  grantsOf,
  noGrants,
  noOwner,
  type ObjectKind,
  settingOf,
  since,
  sorted,
} from './object-query.ts';

const schemas: ObjectKind = () => `
  select 'pg_namespace'::regclass as classid, space.oid as objid, space.nspowner as owner,
         space.nspacl as acl, acldefault('n', space.nspowner) as preset, '{}'::jsonb as definition
    from pg_namespace space join ${dumpedSchemas} dumped on dumped.oid = space.oid`;

/**
 * Not the version: a restore takes the one that the server has. Not the owner: it becomes the role that restores. Not
 * plpgsql, which initdb makes and pg_dump does not write.
 */
const extensions: ObjectKind = () => `
  select 'pg_extension'::regclass as classid, extension.oid as objid, ${noOwner}, ${noGrants},
         jsonb_build_object('schema', space.nspname) as definition
    from pg_extension extension join pg_namespace space on space.oid = extension.extnamespace
   where extension.extname <> 'plpgsql'`;

const searchParsers: ObjectKind = () => `
  select 'pg_ts_parser'::regclass as classid, parser.oid as objid, ${noOwner}, ${noGrants},
         jsonb_build_object('start', parser.prsstart::regproc::text, 'token', parser.prstoken::regproc::text,
           'end', parser.prsend::regproc::text, 'headline', parser.prsheadline::regproc::text,
           'types', parser.prslextype::regproc::text) as definition
    from pg_ts_parser parser join ${dumpedSchemas} space on space.oid = parser.prsnamespace`;

const searchTemplates: ObjectKind = () => `
  select 'pg_ts_template'::regclass as classid, template.oid as objid, ${noOwner}, ${noGrants},
         jsonb_build_object('init', template.tmplinit::regproc::text,
           'lexize', template.tmpllexize::regproc::text) as definition
    from pg_ts_template template join ${dumpedSchemas} space on space.oid = template.tmplnamespace`;

/** Stored as text, its names quoted as the session had it: where quote_all_identifiers was on, all of them. */
const dictionaryOptions = `regexp_replace(dictionary.dictinitoption, '"([a-z_][a-z0-9_]*)" =', '\\1 =', 'g')`;

const searchDictionaries: ObjectKind = () => `
  select 'pg_ts_dict'::regclass as classid, dictionary.oid as objid, dictionary.dictowner as owner,
         ${noGrants},
         jsonb_build_object('options', ${dictionaryOptions},
           'template', jsonb_build_array(template_space.nspname, template.tmplname)) as definition
    from pg_ts_dict dictionary
    join ${dumpedSchemas} space on space.oid = dictionary.dictnamespace
    join pg_ts_template template on template.oid = dictionary.dicttemplate
    join pg_namespace template_space on template_space.oid = template.tmplnamespace`;

const searchConfigurations: ObjectKind = () => `
  select 'pg_ts_config'::regclass as classid, config.oid as objid, config.cfgowner as owner, ${noGrants},
         jsonb_build_object(
           'parser', jsonb_build_array(parser_space.nspname, parser.prsname),
           'mappings', (select jsonb_agg(jsonb_build_array(map.maptokentype, map.mapdict::regdictionary::text)
                                order by map.maptokentype, map.mapseqno)
                          from pg_ts_config_map map where map.mapcfg = config.oid)) as definition
    from pg_ts_config config
    join ${dumpedSchemas} space on space.oid = config.cfgnamespace
    join pg_ts_parser parser on parser.oid = config.cfgparser
    join pg_namespace parser_space on parser_space.oid = parser.prsnamespace`;

const foreignDataWrappers: ObjectKind = () => `
  select 'pg_foreign_data_wrapper'::regclass as classid, wrapper.oid as objid, wrapper.fdwowner as owner,
         wrapper.fdwacl as acl, acldefault('F', wrapper.fdwowner) as preset,
         jsonb_build_object('handler', wrapper.fdwhandler::regproc::text,
           'validator', wrapper.fdwvalidator::regproc::text, 'options', ${sorted('wrapper.fdwoptions')}) as definition
    from pg_foreign_data_wrapper wrapper`;

const foreignServers: ObjectKind = () => `
  select 'pg_foreign_server'::regclass as classid, server.oid as objid, server.srvowner as owner,
         server.srvacl as acl, acldefault('S', server.srvowner) as preset,
         jsonb_build_object('wrapper', wrapper.fdwname, 'type', server.srvtype, 'version', server.srvversion,
           'options', ${sorted('server.srvoptions')}) as definition
    from pg_foreign_server server join pg_foreign_data_wrapper wrapper on wrapper.oid = server.srvfdw`;

/** From the view that every role may read. Without the options: they hold passwords, and few roles may read them. */
const userMappings: ObjectKind = () => `
  select 'pg_user_mapping'::regclass as classid, mapping.umid as objid, ${noOwner}, ${noGrants},
         '{}'::jsonb as definition
    from pg_user_mappings mapping`;

const publications: ObjectKind = (major) => `
  select 'pg_publication'::regclass as classid, publication.oid as objid, publication.pubowner as owner,
         ${noGrants},
         jsonb_build_object(
           'what', to_jsonb(publication) - '{oid,pubname,pubowner}'::text[],
           'tables', (select jsonb_agg(jsonb_build_object(
                                'table', member.prrelid::regclass::text,
                                'where', ${deparsed(since(15, major, 'pg_get_expr(member.prqual, member.prrelid)'))},
                                'columns', ${since(
                                  15,
                                  major,
                                  `(select jsonb_agg(field.attname order by field.attname) from pg_attribute field
                                     where field.attrelid = member.prrelid and field.attnum = any (member.prattrs))`,
                                )}) order by member.prrelid::regclass::text collate "C")
                        from pg_publication_rel member where member.prpubid = publication.oid),
           'schemas', ${since(
             15,
             major,
             `(select jsonb_agg(space.nspname order by space.nspname)
                 from pg_publication_namespace member join pg_namespace space on space.oid = member.pnnspid
                where member.pnpubid = publication.oid)`,
           )}) as definition
    from pg_publication publication`;

/**
 * pg_dump writes them for superusers only, and so that they neither connect nor run when they are restored. Without the
 * connection string, which has a password in it.
 */
const subscriptions: ObjectKind = (_major, isSuperuser) =>
  isSuperuser
    ? `
  select 'pg_subscription'::regclass as classid, subscription.oid as objid, subscription.subowner as owner,
         ${noGrants},
         jsonb_build_object('slot', subscription.subslotname, 'commit', subscription.subsynccommit,
           'publications', ${sorted('subscription.subpublications')}) as definition
    from pg_subscription subscription
   where subscription.subdbid = (select oid from pg_database where datname = current_database())`
    : undefined;

const eventTriggers: ObjectKind = () => `
  select 'pg_event_trigger'::regclass as classid, trigger.oid as objid, trigger.evtowner as owner,
         ${noGrants},
         jsonb_build_object('event', trigger.evtevent, 'function', trigger.evtfoid::regprocedure::text,
           'enabled', trigger.evtenabled, 'tags', ${sorted('trigger.evttags')}) as definition
    from pg_event_trigger trigger`;

const defaultPrivileges: ObjectKind = () => `
  select 'pg_default_acl'::regclass as classid, entry.oid as objid, ${noOwner}, entry.defaclacl as acl, null::aclitem[] as preset,
         '{}'::jsonb as definition
    from pg_default_acl entry`;

/**
 * The database itself, which pg_dump writes into every format but plain SQL, and pg_restore restores with `--create`
 * only. Not where it lies, nor its locale and encoding, which are in the manifest.
 */
export const databaseItself = `
  select 'database' as type, quote_ident(own.datname) as identity, jsonb_build_object(
           'owner', pg_get_userbyid(own.datdba),
           'grants', ${grantsOf('own.datacl', "acldefault('d', own.datdba)")},
           'connectionLimit', own.datconnlimit, 'template', own.datistemplate, 'connectable', own.datallowconn,
           'comment', (select remark.description from pg_shdescription remark
                        where remark.classoid = 'pg_database'::regclass and remark.objoid = own.oid),
           'labels', (select jsonb_object_agg(label.provider, label.label) from pg_shseclabel label
                       where label.classoid = 'pg_database'::regclass and label.objoid = own.oid))::text as definition
    from pg_database own where own.datname = current_database()
  union all
  select 'database setting',
         quote_ident(own.datname) || case when setting.setrole <> 0
           then ', role ' || quote_ident(pg_get_userbyid(setting.setrole)) else '' end
           || ': ' || split_part(assignment, '=', 1),
         to_jsonb(substr(assignment, strpos(assignment, '=') + 1))::text
    from pg_db_role_setting setting
    join pg_database own on own.oid = setting.setdatabase and own.datname = current_database()
   cross join lateral unnest(setting.setconfig) stored
   cross join lateral (select ${settingOf('stored')} as assignment) read_alike`;

export const databaseKinds: readonly ObjectKind[] = [
  schemas,
  extensions,
  searchParsers,
  searchTemplates,
  searchDictionaries,
  searchConfigurations,
  foreignDataWrappers,
  foreignServers,
  userMappings,
  publications,
  subscriptions,
  eventTriggers,
  defaultPrivileges,
];
