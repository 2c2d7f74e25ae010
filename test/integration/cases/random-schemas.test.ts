import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectionParameters } from '../../../core/postgres/connect/parameters.ts';
import type { PrivateServer } from '../../../core/postgres/server/private-server.ts';
import { emptyServer, judge, told } from '../../support/cases/judge.ts';
import { randomSchema } from '../../support/cases/random-schema.ts';
import { startServer } from '../../support/postgres/programs.ts';
import { newestMajor, runSql, withClient } from '../../support/postgres/servers.ts';
import { isLong } from '../../support/run/long.ts';

/*
 * Databases at random: `proven` has to be said exactly where the documented restore, done by hand, ends without an
 * error and gives the same. The seed is in the test's name: set PGPROOF_TEST_SEED to see the same databases again.
 */

/** `npm run test:long` goes on for an hour. */
const minutes = Number(process.env.PGPROOF_TEST_MINUTES ?? (isLong ? 60 : 0));
const seed = Number(process.env.PGPROOF_TEST_SEED ?? (minutes > 0 ? Date.now() % 1e9 : 42));
const leastDatabases = 3;

const major = newestMajor();
let source: PrivateServer;
let target: PrivateServer;
beforeAll(async () => {
  source = await startServer({ major });
  target = await startServer({ major });
});
afterAll(async () => {
  await source?.stop();
  await target?.stop();
});

/** Runs what the server takes, each statement for itself. @returns those that were taken */
async function make(statements: readonly string[], database: ConnectionParameters): Promise<string[]> {
  return await withClient(database, async (client) => {
    const taken: string[] = [];
    for (const statement of statements) {
      await client.query(statement).then(
        () => taken.push(statement),
        () => undefined,
      );
    }
    return taken;
  });
}

/** At once: who runs it for an hour does not wait for the end to look at the first. */
function tell(text: string): string {
  console.error(text);
  return text;
}

test(`random databases, seed ${seed}`, { timeout: 300_000 + minutes * 60_000 }, async () => {
  const ends = Date.now() + minutes * 60_000;
  const verdicts = new Map<string, number>();
  const wrong: string[] = [];
  const schemas = fc.sample(randomSchema(), { seed, numRuns: minutes > 0 ? minutes * 60 : leastDatabases });
  for (const [index, statements] of schemas.entries()) {
    if (index >= leastDatabases && Date.now() > ends) break;
    await runSql(source.parameters, 'create database random template template0');
    const parameters = { ...source.parameters, database: 'random' };
    const taken = await make(statements, parameters);
    const { verifications, byHand, differences } = await judge({
      source: parameters,
      target: target.parameters,
      major,
      times: 1,
    });
    const [verification] = verifications;
    const verdict = verification?.verdict ?? 'none';
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    const isSame = byHand.result === 'done' && differences.length === 0;
    if ((verdict === 'proven') !== isSame)
      wrong.push(
        tell(
          [
            `database ${index} of seed ${seed}`,
            verification === undefined ? '' : told(verification),
            `by hand: ${byHand.result === 'refused' ? byHand.words : `done\n${differences.join('\n')}`}`,
            `${taken.join(';\n')};`,
          ].join('\n'),
        ),
      );
    await emptyServer(source.parameters);
    await emptyServer(target.parameters);
  }
  if (minutes > 0) console.info(`random databases, seed ${seed}:`, Object.fromEntries(verdicts));
  expect(wrong.join('\n\n')).toBe('');
});
