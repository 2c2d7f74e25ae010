import { afterEach, expect, test, vi } from 'vitest';
import { telemetry } from '../../../../functions/lambda/telemetry.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test('a line of the log is JSON in which nothing acts on the terminal that shows it', () => {
  // Then it writes to the console that the test can see.
  vi.stubEnv('POWERTOOLS_DEV', 'true');
  const lines: string[] = [];
  vi.spyOn(console, 'warn').mockImplementation((line: string) => void lines.push(line));
  const { logger } = telemetry('backup', 'pgproof');
  const hostile = '\u001b[2J\u009b2J\u202ex\u2028\n';
  logger.warn(hostile, { database: hostile, deep: [{ name: hostile }] });
  expect(lines).toHaveLength(1);
  const [line = ''] = lines;
  expect(line.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
  expect(JSON.parse(line)).toMatchObject({ database: '\u001b[2J\\u009b2J\\u202ex\\u2028\n' });
});
