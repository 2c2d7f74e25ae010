import { expect, test } from 'vitest';
import { configuration, templateOf } from '../support/stack/stack.ts';

/** Assets are named after what is in them, which changes with every line of code. */
function withoutAssetHashes(template: object): unknown {
  return JSON.parse(JSON.stringify(template).replace(/[0-9a-f]{64}/g, 'HASH'));
}

test('the whole template of one source with two schedules', () => {
  const schedules = [
    { name: 'nightly', cron: 'cron(0 2 * * ? *)', timeZone: 'Europe/Berlin' },
    { name: 'weekly', cron: 'cron(0 4 ? * SUN *)', timeZone: 'Europe/Berlin', format: 'directory', jobs: 2 },
  ];
  expect(withoutAssetHashes(templateOf(configuration({}, { schedules })).toJSON())).toMatchSnapshot();
});
