import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildApp, buildCli, buildFunctions, buildLayerBuilder } from '../../../build.ts';
import { makeQuickPrograms } from '../postgres/quick-programs.ts';
import { sharedServers } from '../postgres/shared-servers.ts';
import { makeRunDirectory, openDirectory, runParent } from './directory.ts';
import { serveShared } from './shared.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Everything temporary of the run lies below it. */
    readonly runDirectory: string;
    /** Of the service of shared.ts. */
    readonly sharedAddress: string;
  }
}

const repository = join(import.meta.dirname, '../../..');

/** Each bundle by its name, and where it lies. */
export type BundleName = 'functions' | 'cli' | 'app' | 'layer-builder';

/** Before the first test of whatever project; nothing is made here that a test may never ask for. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const directory = await makeRunDirectory(await runParent());
  // On the disk whatever there is of memory: programs are links to those that it has.
  const programs = await makeRunDirectory(tmpdir());
  const bundles = join(programs, 'bundles');
  // Its dependencies come from node_modules, so it lies below the project, in a directory that git does not know.
  await mkdir(join(repository, 'dist'), { recursive: true });
  const command = openDirectory(join(repository, 'dist', 'test-'));
  const builders: Readonly<Record<BundleName, () => Promise<string>>> = {
    functions: () => built(join(bundles, 'functions'), buildFunctions),
    cli: () => built(command, buildCli),
    app: () => built(join(bundles, 'app.js'), buildApp),
    'layer-builder': () => built(join(bundles, 'layer-builder'), buildLayerBuilder),
  };
  let trees = 0;
  const tree = (place: string, extensions: boolean): Promise<string> => {
    trees += 1;
    return makeQuickPrograms(decodeURIComponent(place), join(programs, `pg${trees}`), { extensions });
  };
  const servers = sharedServers(directory);
  const shared = await serveShared(directory, {
    server: servers.start,
    programs: (place) => tree(place, true),
    'programs-without': (place) => tree(place, false),
    bundle: (name) => {
      const build = builders[name as BundleName];
      return build === undefined ? Promise.reject(new Error(`There is no bundle ${name}`)) : build();
    },
  });
  // Also for programs that tests start from source, which know nothing of Vitest.
  process.env.PGPROOF_TEST_SHARED = shared.address;
  project.provide('runDirectory', directory);
  project.provide('sharedAddress', shared.address);
  return async () => {
    await servers.stop();
    await shared.close();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    await rm(programs, { recursive: true, force: true, maxRetries: 5 });
    await rm(command, { recursive: true, force: true });
  };
}

async function built(path: string, build: (path: string) => Promise<void>): Promise<string> {
  await build(path);
  return path;
}
