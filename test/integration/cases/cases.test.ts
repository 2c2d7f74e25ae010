import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { childEnvironment } from '../../../core/postgres/connect/child-environment.ts';
import { quoteConninfo } from '../../../core/postgres/libpq/conninfo.ts';
import type { PrivateServer } from '../../../core/postgres/server/private-server.ts';
import { realTools } from '../../support/backup/run.ts';
import { type CaseFile, caseFiles } from '../../support/cases/case-file.ts';
import { emptyServer, judge, told } from '../../support/cases/judge.ts';
import { startServer } from '../../support/postgres/programs.ts';
import { newestMajor, runSql, testMajors } from '../../support/postgres/servers.ts';
import { isLong } from '../../support/run/long.ts';

/*
 * Databases as people make them, each with the verdict that is right. The documented restore judges: one job in the
 * archive's order, under settings of its own, event triggers last. It is done by hand beside each verification.
 */

const majors = isLong ? testMajors() : [newestMajor()];
const database = 'Case "1"';

describe.each(majors)('databases of other people, PostgreSQL %i', (major) => {
  let source: PrivateServer;
  let target: PrivateServer;
  beforeAll(async () => {
    const settings = { allow_in_place_tablespaces: 'on' };
    source = await startServer({ major, settings });
    target = await startServer({ major, settings });
  });
  afterAll(async () => {
    await source?.stop();
    await target?.stop();
  });
  afterEach(async () => {
    await emptyServer(source.parameters);
    await emptyServer(target.parameters);
  });

  async function load({ path }: CaseFile): Promise<void> {
    await runSql(source.parameters, `create database "${database.replaceAll('"', '""')}" template template0`);
    const { directory } = await realTools(major);
    const env = childEnvironment(source.parameters);
    const args = [
      '--no-psqlrc',
      '--quiet',
      '--set=ON_ERROR_STOP=1',
      `--set=db=${database}`,
      `--file=${path}`,
      `--dbname=${quoteConninfo(database)}`,
    ];
    await promisify(execFile)(`${directory}/psql`, args, { env });
  }

  const cases = caseFiles().filter((one) => major >= one.oldestMajor && (isLong || one.isDrawn));
  test.each(cases)('$name: $verdict', async (one) => {
    await load(one);
    const { verifications, byHand, differences } = await judge({
      source: {
        ...source.parameters,
        database,
        ...(one.session === undefined ? {} : { options: one.session }),
      },
      target: target.parameters,
      major,
      times: isLong ? 3 : 1,
    });
    for (const verification of verifications) {
      const said = told(verification);
      expect(said.split('\n')[0], said).toBe(one.verdict);
      if (one.words !== undefined) expect(said).toContain(one.words);
      if (one.says !== undefined)
        expect(verification.checks.map(({ detail }) => detail).join('\n')).toContain(one.says);
    }
    const hand = byHand.result === 'refused' ? 'refused' : differences.length === 0 ? 'same' : 'differs';
    expect(hand, byHand.result === 'refused' ? byHand.words : differences.join('\n')).toBe(one.byHand);
  });
});
