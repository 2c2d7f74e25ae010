import type { TestProject } from 'vitest/node';
import { machinePrograms } from '../../../cli/programs.ts';
import { messageOf } from '../../../core/errors.ts';
import type { FoundTools } from '../../../core/postgres/programs/tools.ts';
import { fetchTools } from '../../../layers/postgres/fetch-programs.ts';
import { findServerTools, findTools } from './programs.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Majors whose client and server programs are on this machine, oldest first. */
    readonly testMajors: number[];
  }
}

const defaultMajors = [15, 17, 18];

/**
 * Makes sure of PostgreSQL's programs before any test runs, fetching what is missing. PGPROOF_TEST_MAJORS (`15,17`)
 * chooses the majors; without it, what cannot be fetched is left out as long as one is there.
 */
export default async function setUp(project: TestProject): Promise<void> {
  const tools = await toolsForTests(process.env.PGPROOF_TEST_MAJORS);
  project.provide(
    'testMajors',
    tools.map(({ major }) => major).sort((a, b) => a - b),
  );
}

async function toolsForTests(chosen: string | undefined): Promise<FoundTools[]> {
  const majors = chosen === undefined ? defaultMajors : chosen.split(',').map(Number);
  const tools: FoundTools[] = [];
  for (const major of majors) {
    try {
      tools.push(await bothKinds(major));
    } catch (error: unknown) {
      if (chosen !== undefined) throw error;
      say(`Tests run without PostgreSQL ${major}: ${messageOf(error)}`);
    }
  }
  if (tools.length > 0) return tools;
  const [any] = await whatIsThere();
  if (any !== undefined) return [any];
  throw new Error(
    'The tests need a PostgreSQL server and its client programs: install them, or run on Debian or Ubuntu with network.',
  );
}

async function bothKinds(major: number): Promise<FoundTools> {
  const server = await machinePrograms({ onProgress: say }).serverTools(major);
  const { found } = await findTools();
  if (!found.some((one) => one.major === major)) await fetchTools('client', major, { onProgress: say });
  return server;
}

async function whatIsThere(): Promise<FoundTools[]> {
  const [servers, clients] = await Promise.all([findServerTools(), findTools()]);
  return servers.found.filter(({ major }) => clients.found.some((one) => one.major === major));
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
