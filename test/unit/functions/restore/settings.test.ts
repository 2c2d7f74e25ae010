import { expect, test } from 'vitest';
import { type RestoreEvent, restoreEventSchema } from '../../../../functions/restore/contract.ts';
import { selectionOf } from '../../../../functions/restore/settings.ts';

const event = (more: Partial<RestoreEvent>): RestoreEvent =>
  restoreEventSchema.parse({ backup: 'shop/shop/latest', target: { database: 'again' }, ...more });

test('an event chooses as the command does', () => {
  const asked = event({
    tables: ['sales.orders', '"Odd ""N"'],
    schemas: ['crm*'],
    excludeTables: ['log_*'],
    excludeSchemas: ['tmp'],
  });
  expect(selectionOf(asked)).toMatchObject({
    tables: [
      { schema: 'sales', name: 'orders' },
      { schema: undefined, name: 'Odd "N' },
    ],
    schemas: ['crm*'],
    excludeTables: [{ name: 'log_*', pattern: 'log_*' }],
    excludeSchemas: ['tmp'],
  });
});

test('what is no name is told with the key that holds it', () => {
  expect(() => selectionOf(event({ excludeTables: ['a.b.c'] }))).toThrow(/excludeTables holds .*"a\.b\.c"/);
  expect(() => event({ excludeSchemas: [''] })).toThrow();
  expect(() => event({ tables: [] })).toThrow();
});
