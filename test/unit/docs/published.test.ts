import path from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { logTableScript } from '../../../core/notify/backup-log/table.ts';
import { hookInputSchema } from '../../../core/notify/hooks/hook-input.ts';

const docs = path.join(import.meta.dirname, '../../../docs');

// `npx vitest run --project unit test/unit/docs/published.test.ts -u` writes them anew.
test('the schema of what hooks are given is the published one', async () => {
  const schema = { title: 'What pgproof gives a hook on standard input', ...z.toJSONSchema(hookInputSchema) };
  await expect(`${JSON.stringify(schema, undefined, 2)}\n`).toMatchFileSnapshot(
    path.join(docs, 'hook-input.schema.json'),
  );
});

test('the SQL of the log table is the published one', async () => {
  const script = logTableScript(
    { schema: 'public', table: 'backup_log' },
    { writer: 'pgproof', reader: 'monitoring' },
  );
  await expect(script).toMatchFileSnapshot(path.join(docs, 'backup-log.sql'));
});
