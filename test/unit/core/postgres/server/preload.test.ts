import { expect, test } from 'vitest';
import { preloadSettings } from '../../../../../core/postgres/server/preload.ts';

const libraries = new Set(['pg_stat_statements', 'pg_cron']);

test('what must be preloaded is, in its order, where its library is there', () => {
  const extensions = ['pg_cron', 'pgaudit', 'hstore', 'pg_stat_statements'];
  expect(preloadSettings({ extensions, database: 'shop' }, libraries)).toMatchObject({
    shared_preload_libraries: 'pg_stat_statements,pg_cron',
    'cron.database_name': 'shop',
    // The source's jobs are not to be run by a verification.
    'cron.launch_active_jobs': 'off',
  });
  expect(preloadSettings({ extensions: ['hstore'], database: 'shop' }, libraries)).toEqual({});
});
