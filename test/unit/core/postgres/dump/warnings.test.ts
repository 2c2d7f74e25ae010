import { describe, expect, test } from 'vitest';
import { WarningCollector } from '../../../../../core/postgres/dump/warnings.ts';

function collect(lines: readonly string[]): string[] {
  const collector = new WarningCollector('pg_dump');
  for (const line of lines) collector.line(line);
  return collector.found().map(({ message }) => message);
}

describe('of what pg_dump and pg_dumpall say', () => {
  test('warnings are kept with their details and hints, and nothing else', () => {
    const lines = [
      'pg_dump: reading extensions',
      'pg_dump: warning: there are circular foreign-key constraints on this table:',
      'pg_dump: detail: emp',
      'pg_dump: hint: You might not be able to restore the dump.',
      'pg_dump: dumping contents of table "public.emp"',
      'pg_dump: warning: subscriptions not dumped because current user is not a superuser',
      'pg_dumpall: warning: of the other program',
    ];
    expect(collect(lines)).toEqual([
      'there are circular foreign-key constraints on this table: emp You might not be able to restore the dump.',
      'subscriptions not dumped because current user is not a superuser',
      'of the other program',
    ]);
  });

  test('the server warns too, through libpq or through the program', () => {
    const lines = [
      'WARNING:  database "a" has a collation version mismatch',
      'DETAIL:  The database was created using collation version 1.',
      'HINT:  Rebuild it.',
      'NOTICE:  nothing',
      'pg_dump: WARNING:  later on',
    ];
    expect(collect(lines)).toEqual([
      'database "a" has a collation version mismatch The database was created using collation version 1. Rebuild it.',
      'later on',
    ]);
  });

  test('the server may warn in its own language', () => {
    const lines = [
      'WARNUNG:  Version der Sortierfolge stimmt nicht',
      'DETAIL:  Die Datenbank ist älter.',
      'pg_dump: WARNUNG:  noch eine',
      'pg_dump: reading schemas',
      'ПРЕДУПРЕЖДЕНИЕ:  несовпадение версии',
    ];
    expect(collect(lines)).toEqual([
      'Version der Sortierfolge stimmt nicht Die Datenbank ist älter.',
      'noch eine',
      'несовпадение версии',
    ]);
  });

  test('a message goes on where a name has a line feed in it', () => {
    expect(
      collect(['pg_dump: warning: owner of table "a', 'b" appears to be invalid', 'pg_dump: x']),
    ).toEqual(['owner of table "a b" appears to be invalid']);
  });

  test('each once, and no more than there is room for', () => {
    const many = Array.from({ length: 60 }, (_, at) => `pg_dump: warning: number ${at}`);
    const found = collect([...many.slice(0, 3), ...many]);
    expect(found).toHaveLength(51);
    expect(found.at(-1)).toBe('and 10 more');
    expect(collect([`pg_dump: warning: ${'x'.repeat(5_000)}`])[0]).toHaveLength(1_000);
  });
});
