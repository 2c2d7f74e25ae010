import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { ConnectionParameters } from '../../core/postgres/connect/parameters.ts';
import { testMajors, withOwnServer } from '../support/postgres/servers.ts';
import { fixture } from '../support/postgres/tls-fixtures.ts';
import type { Mount } from '../support/sandbox/arguments.ts';
import type { Ended, Sandbox } from '../support/sandbox/sandbox.ts';
import type { LayerMajor } from '../support/sandbox/setup.ts';

/** Where the authorities' certificates lie. */
export const certificates: Mount = { from: dirname(fixture('authority.pem')), to: '/certificates' };

export type Call = {
  readonly host?: string | undefined;
  readonly authority?: string | undefined;
  readonly password?: string | undefined;
};

/** Runs one of {@link questions} against the server. */
export type Ask = (sandbox: Sandbox, program: Program, call?: Call) => Promise<Ended>;

/** What each program is asked to do, and what it says when that worked. */
export const questions = {
  psql: {
    words: ['-XAtc', 'SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()'],
    answer: /^TLSv1\.3$/m,
  },
  pg_dump: { words: ['--schema-only'], answer: /PostgreSQL database dump complete/ },
  pg_dumpall: { words: ['--globals-only'], answer: /CREATE ROLE postgres/ },
} as const;

export type Program = keyof typeof questions;

/** A server of the layer's major (else of one that the tests have) with TLS and passwords, for the callback. */
export async function withTlsServer(layer: LayerMajor, use: (ask: Ask) => Promise<void>): Promise<void> {
  const ssl = {
    cert: await readFile(fixture('server.pem'), 'utf8'),
    key: await readFile(fixture('server.key'), 'utf8'),
  };
  const majors = testMajors();
  const major = majors.includes(layer.major) ? layer.major : Math.min(...majors);
  await withOwnServer(major, { tcp: true, ssl }, ({ tcpParameters }) => {
    const { port, password: right = '' } = tcpParameters as ConnectionParameters;
    return use(async ({ run, inside }, program, call = {}) => {
      const { host = 'localhost', authority = 'authority.pem', password = right } = call;
      const where =
        `host=${host} hostaddr=127.0.0.1 port=${port} user=postgres dbname=postgres connect_timeout=20 ` +
        `sslmode=verify-full sslrootcert='${inside(fixture(authority))}' channel_binding=require`;
      const words = [inside(join(layer.programs, program)), ...questions[program].words];
      return run([...words, '-d', where], { PGPASSWORD: password });
    });
  });
}

export async function expectConnects(ask: Ask, sandbox: Sandbox, program: Program): Promise<void> {
  const { code, stdout, stderr } = await ask(sandbox, program);
  expect({ code, stderr }, program).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(questions[program].answer);
}

export async function expectRefuses(
  ask: Ask,
  sandbox: Sandbox,
  program: Program,
  call: Call,
  reason: string,
): Promise<void> {
  const { code, stdout, stderr } = await ask(sandbox, program, call);
  expect({ code, stdout }, program).toEqual({ code: program === 'psql' ? 2 : 1, stdout: '' });
  expect(stderr).toContain(reason);
}
