import { expect, test } from 'vitest';
import { type RestoreEvent, restoreEventSchema } from '../../../../functions/restore/contract.ts';
import { refuseContradictions } from '../../../../functions/restore/contradictions.ts';

const judge = (more: Partial<RestoreEvent>): void =>
  refuseContradictions(
    restoreEventSchema.parse({ backup: 'shop/shop/latest', target: { database: 'again' }, ...more }),
  );

test.each([
  [{ globalsOnly: true, create: true }, 'globalsOnly and create'],
  [{ globalsOnly: true, tables: ['a'] }, 'globalsOnly and tables'],
  [{ create: true, intoNonEmpty: true }, 'create and intoNonEmpty'],
  [{ replaceIncomplete: true, intoSchema: 'again' }, 'replaceIncomplete and intoSchema'],
  [{ dataOnly: true, schemaOnly: true }, 'dataOnly and schemaOnly'],
  [{ dataOnly: true, create: true }, 'dataOnly and create'],
  [{ intoSchema: 'again', renameExisting: true }, 'intoSchema and renameExisting'],
  [{ renameExisting: true, tables: ['a'], keepGoing: true }, 'renameExisting and keepGoing'],
] as const)('%j is refused in the words of the event', (event, words) => {
  expect(() => judge(event as unknown as Partial<RestoreEvent>)).toThrow(`${words} contradict each other`);
});

test('what says nothing alone names what it goes with', () => {
  expect(() => judge({ allowSuperusers: true })).toThrow('applyGlobals or globalsOnly');
  expect(() => judge({ allowSuperusers: true, globalsOnly: true })).not.toThrow();
});

test('what can be meant is let through, and what is switched off contradicts nothing', () => {
  expect(() =>
    judge({ create: true, applyGlobals: true, allowSuperusers: true, keepGoing: true, jobs: 2 }),
  ).not.toThrow();
  expect(() => judge({ globalsOnly: false, create: true, intoNonEmpty: false })).not.toThrow();
});
