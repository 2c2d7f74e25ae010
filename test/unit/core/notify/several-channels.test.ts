import { expect, test } from 'vitest';
import { type Alert, composeAlert } from '../../../../core/notify/alert.ts';
import { AlertNotSent, type Channel } from '../../../../core/notify/notifier.ts';
import { severalChannels } from '../../../../core/notify/several-channels.ts';

const alert = composeAlert({
  result: 'failed',
  work: 'backup',
  source: 'shop',
  store: 'file:///backups',
  at: new Date('2026-11-20T02:03:00Z'),
  what: 'the server is away',
});

function working(): Channel & { readonly got: Alert[] } {
  const got: Alert[] = [];
  return {
    got,
    publish: async (one) => {
      got.push(one);
    },
  };
}

const broken = (what: string): Channel => ({
  publish: async (one) => {
    throw new AlertNotSent({ what, got: '550 no', fix: `Mend it. The alert was:\n\n${one.text}` });
  },
});

test('each gets it', async () => {
  const [one, two] = [working(), working()];
  await severalChannels([
    { name: 'one', channel: one },
    { name: 'two', channel: two },
  ]).publish(alert);
  expect([one.got, two.got]).toEqual([[alert], [alert]]);
});

test('what fails on one is told on the other, and publishing fails with it', async () => {
  const other = working();
  const several = severalChannels([
    { name: 'mail by münchen.example', channel: broken('no mail') },
    { name: 'topic', channel: other },
  ]);
  await expect(several.publish(alert)).rejects.toThrow(/^no mail: 550 no/);
  expect(other.got).toHaveLength(2);
  const note = other.got[1];
  expect(note?.subject).toBe('ALERT NOT SENT by mail by m?nchen.example');
  expect(note?.text).toContain('- mail by münchen.example: no mail: 550 no');
  expect(note?.text).toContain(alert.subject);
});

test('where all fail, all are told in one error, and the alert once', async () => {
  const several = severalChannels([
    { name: 'one', channel: broken('first') },
    { name: 'two', channel: broken('second') },
  ]);
  const error: unknown = await several.publish(alert).catch((thrown: unknown) => thrown);
  if (!(error instanceof AlertNotSent)) throw new Error('expected AlertNotSent');
  expect(error.problem.got).toBe('first: 550 no; second: 550 no');
  expect(error.message.split(alert.text)).toHaveLength(2);
});
