import { spawnSync } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

const root = import.meta.dirname;

/** The functions that are deployed, each from `functions/<name>/handler.ts`. */
export const functionNames = ['backup', 'verify', 'restore', 'prune', 'copy', 'log'] as const;

/** AWS's certificates: `core/postgres/connect/rds-authorities.ts` looks for them beside itself. */
const authorities = 'core/postgres/connect/rds-authorities.json';

/** What lies beside a function's bundle, as it is: files of the repository. */
export const companions: Readonly<Record<string, readonly string[]>> = {
  backup: [authorities],
  verify: ['functions/verify/keep-secrets.sh'],
  restore: [authorities],
  log: [authorities],
};

// Dependencies that are CommonJS call require() for Node's own modules, which an ES module does not have.
const requireBanner =
  "import { createRequire as pgproofCreateRequire } from 'node:module';\n" +
  'const require = pgproofCreateRequire(import.meta.url);';

const forNode: BuildOptions = {
  absWorkingDir: root,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  bundle: true,
  treeShaking: true,
  sourcemap: 'linked',
  // Stack traces name the project's files; their text is in the repository and in the package.
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'warning',
};

// Lambda reads and compiles all of a bundle at every cold start (docs/decisions/0010).
const small: BuildOptions = {
  minify: true,
  // Otherwise stack traces show the short names: the source map has the place of a call, not who calls.
  keepNames: true,
  // The AWS SDK's clients have ES modules too, of which only what is used is taken, but name them in `module` alone.
  mainFields: ['module', 'main'],
  alias: { '@aws-sdk/credential-provider-node': path.join(root, 'functions/lambda/credentials.ts') },
};

function functionBundle(name: string): BuildOptions {
  return {
    ...forNode,
    ...small,
    entryPoints: [path.join(root, 'functions', name, 'handler.ts')],
    banner: { js: requireBanner },
    // pg's binding to libpq, and the client above it, which it loads where somebody asks for them: nobody does.
    external: ['pg-native', './native'],
  };
}

/** Directories of the npm packages of which something is in a function's bundle, relative to the repository. */
export async function packagesOfFunction(name: string): Promise<string[]> {
  const { metafile } = await build({
    ...functionBundle(name),
    outfile: 'index.mjs',
    metafile: true,
    write: false,
  });
  const used = Object.values(metafile?.outputs ?? {}).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  const directories = used.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
  return [...new Set(directories)].sort();
}

/**
 * Bundles the functions with everything they use, the AWS SDK too: what is tested is what runs, whatever SDK the
 * runtime carries. Writes `<outDir>/<name>/index.mjs` and its companions, and nothing else is left in those directories.
 */
export async function buildFunctions(
  outDir: string = path.join(root, 'dist/functions'),
  names: readonly string[] = functionNames,
): Promise<void> {
  await Promise.all(
    names.map(async (name) => {
      const directory = path.join(outDir, name);
      // A leftover file would change the asset's hash and be deployed.
      await rm(directory, { recursive: true, force: true });
      await build({ ...functionBundle(name), outfile: path.join(directory, 'index.mjs') });
      for (const file of companions[name] ?? []) await copyBeside(file, directory);
    }),
  );
}

async function copyBeside(file: string, directory: string): Promise<void> {
  const copy = path.join(directory, path.basename(file));
  await copyFile(path.join(root, file), copy);
  await chmod(copy, file.endsWith('.sh') ? 0o755 : 0o644);
}

/**
 * The command. Its dependencies come from node_modules, as for any npm package with a `bin`, but for zod, which loads
 * every language's messages with itself: a fifth of the time that the command starts in. In several files: what is
 * imported when it is needed (the AWS SDK) must not be loaded with the rest.
 */
export async function buildCli(outDir: string = path.join(root, 'dist/cli')): Promise<void> {
  // Chunks are named after their content, so those of an older build would stay.
  await rm(outDir, { recursive: true, force: true });
  await build({
    ...forNode,
    entryPoints: [path.join(root, 'cli/pgproof.ts')],
    outdir: outDir,
    splitting: true,
    external: await dependenciesBut('zod'),
  });
  await copyBeside(authorities, outDir);
  await chmod(path.join(outDir, 'pgproof.js'), 0o755);
}

/** What package.json names as dependencies, whole and in parts, without this one. */
async function dependenciesBut(bundled: string): Promise<string[]> {
  const text = await readFile(path.join(root, 'package.json'), 'utf8');
  const { dependencies } = JSON.parse(text) as { readonly dependencies: Readonly<Record<string, string>> };
  return Object.keys(dependencies)
    .filter((name) => name !== bundled)
    .flatMap((name) => [name, `${name}/*`]);
}

/** The construct, for other people's stacks. aws-cdk-lib and constructs must stay the caller's own copies. */
export async function buildLib(outDir: string = path.join(root, 'dist/lib')): Promise<void> {
  await build({
    ...forNode,
    entryPoints: [path.join(root, 'lib/index.ts')],
    outfile: path.join(outDir, 'index.js'),
    packages: 'external',
  });
}

/** The builder of the layers, so that an installed package can run it without a TypeScript loader. */
export async function buildLayerBuilder(
  outDir: string = path.join(root, 'dist/layers/postgres'),
): Promise<void> {
  await build({
    ...forNode,
    entryPoints: [path.join(root, 'layers/postgres/build.ts')],
    outfile: path.join(outDir, 'build.js'),
  });
}

/** The CDK app as one plain file: about half a second less per synth than through a TypeScript loader. */
export async function buildApp(outfile: string = path.join(root, 'dist/app.js')): Promise<void> {
  await build({ ...forNode, entryPoints: [path.join(root, 'lib/app.ts')], outfile, packages: 'external' });
}

/** Declarations for `exports`. Slow, and only a published package needs them. */
export async function buildTypes(outDir: string = path.join(root, 'dist/types')): Promise<void> {
  const config = path.join(root, 'dist/tsconfig.types.json');
  const compilerOptions = {
    rootDir: root,
    outDir,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rewriteRelativeImportExtensions: true,
  };
  await mkdir(path.dirname(config), { recursive: true });
  await writeFile(
    config,
    JSON.stringify({ extends: '../tsconfig.json', compilerOptions, include: [], files: ['../lib/index.ts'] }),
  );
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  const { status, error } = spawnSync(process.execPath, [tsc, '--project', config], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw error ?? new Error(`tsc ended with exit status ${status}`);
}

const parts = {
  functions: () => buildFunctions(),
  cli: () => buildCli(),
  lib: () => buildLib(),
  layers: () => buildLayerBuilder(),
  app: () => buildApp(),
  types: () => buildTypes(),
} as const;

/** `build.ts` alone builds what is published, without declarations; `--functions --app` just those; `--types` adds them. */
async function main(args: readonly string[]): Promise<void> {
  const known = Object.keys(parts).map((part) => `--${part}`);
  const unknown = args.filter((arg) => !known.includes(arg));
  if (unknown.length > 0) throw new Error(`Unknown: ${unknown.join(' ')} (expected ${known.join(' ')})`);
  const asked = args.some((arg) => arg !== '--types')
    ? args
    : ['--functions', '--cli', '--lib', '--layers', ...args];
  for (const [name, run] of Object.entries(parts)) if (asked.includes(`--${name}`)) await run();
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(process.argv.slice(2));
}
