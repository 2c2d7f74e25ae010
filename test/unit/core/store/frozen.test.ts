import { expect, test } from 'vitest';
import { ObjectFrozen, thawTimesText } from '../../../../core/store/frozen.ts';

const at = { where: 's3://b/p/k', bucket: 'b', key: "it's/a b" };

test('what is frozen says what to ask for, in a line for the shell', () => {
  const { message, isOfObject } = new ObjectFrozen(at, { kind: 'frozen', place: 'GLACIER' });
  expect(isOfObject).toBe(true);
  expect(message).toContain(
    `--bucket b --key 'it'\\''s/a b' --restore-request '{"Days":3,"GlacierJobParameters":{"Tier":"Standard"}}'`,
  );
  // A tier of INTELLIGENT_TIERING refuses a number of days.
  expect(new ObjectFrozen(at, { kind: 'frozen', place: 'ARCHIVE_ACCESS' }).message).not.toContain('Days');
});

test('a document is no matter of --thaw, which goes by what the document says', () => {
  const { message } = new ObjectFrozen(
    { ...at, key: 's/d/2026-11-20T02-00-00Z/manifest.json' },
    { kind: 'frozen', place: 'GLACIER' },
  );
  expect(message).toContain('no lifecycle rule should move it');
  expect(message).toContain(
    'aws s3api restore-object --bucket b --key s/d/2026-11-20T02-00-00Z/manifest.json',
  );
  expect(message).not.toContain('--thaw');
});

test('what is being thawed asks for nothing but patience', () => {
  const { message, isThawing } = new ObjectFrozen(at, { kind: 'thawing', place: 'DEEP_ARCHIVE' });
  expect(isThawing).toBe(true);
  expect(message).not.toContain('restore-object');
  expect(thawTimesText('DEEP_ARCHIVE')).not.toContain('expedited');
});
