import { machinePlaces, machinePrograms } from '../../../cli/programs.ts';
import * as find from '../../../core/postgres/programs/find.ts';
import type { VerificationTools } from '../../../core/postgres/programs/obtain.ts';
import type { FoundTools, ToolSearch } from '../../../core/postgres/programs/tools.ts';
import {
  type PrivateServer,
  type PrivateServerOptions,
  startPrivateServer,
  withPrivateServer,
} from '../../../core/postgres/server/private-server.ts';
import { askShared } from '../run/shared.ts';

/** The client programs on this machine, in the places where a command looks for them. */
export function findTools(): Promise<ToolSearch> {
  return find.findTools(machinePlaces());
}

/** The server programs on this machine, in the places where a command looks for them. */
export function findServerTools(): Promise<ToolSearch> {
  return find.findServerTools(machinePlaces());
}

/** Server programs of this major, fetched where there are none. @default the newest on the machine */
export function realServerTools(major?: number): Promise<FoundTools> {
  return machinePrograms({}).serverTools(major);
}

/** The same, quick at making a cluster: see makeQuickPrograms. */
export async function serverTools(major?: number): Promise<FoundTools> {
  return await quick(await realServerTools(major));
}

/** Server and client programs of this major or the nearest newer one, as a verification takes them. */
export async function verificationTools(major: number): Promise<VerificationTools> {
  const { server, client } = await machinePrograms({}).verificationTools(major);
  return { server: await quick(server), client };
}

/** The same without the extensions of test/fixtures/extensions, which {@link serverTools} have. */
export async function verificationToolsWithout(major: number): Promise<VerificationTools> {
  const { server, client } = await machinePrograms({}).verificationTools(major);
  return { server: await quick(server, 'programs-without'), client };
}

async function quick(
  tools: FoundTools,
  kind: 'programs' | 'programs-without' = 'programs',
): Promise<FoundTools> {
  const address = process.env.PGPROOF_TEST_SHARED;
  if (address === undefined) return tools;
  const directory = await askShared<string>(address, kind, encodeURIComponent(tools.directory));
  return { ...tools, directory };
}

/** Whether those programs have the extensions of test/fixtures/extensions: programs of the system cannot be given any. */
export async function hasFixtureExtensions(major: number): Promise<boolean> {
  return (await serverTools(major)).directory !== (await realServerTools(major)).directory;
}

type ServerOptions = Omit<PrivateServerOptions, 'tools'> & { readonly major?: number | undefined };

/** A server of this major, else of the newest on the machine. Call `stop`. */
export async function startServer({ major, ...options }: ServerOptions = {}): Promise<PrivateServer> {
  return await startPrivateServer({ ...options, tools: await serverTools(major) });
}

/** The same for the callback. */
export async function withServer<T>(
  { major, ...options }: ServerOptions,
  use: (server: PrivateServer) => Promise<T>,
): Promise<T> {
  return await withPrivateServer({ ...options, tools: await serverTools(major) }, use);
}
