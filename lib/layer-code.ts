import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { AssetHashType, DockerImage, Stage } from 'aws-cdk-lib';
import { AssetCode, type Code, type CodeConfig } from 'aws-cdk-lib/aws-lambda';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import { packageRoot } from './package-root.ts';

/** There is no layer to deploy, and an empty one must not be. */
export class LayerUnavailable extends Error {
  override readonly name = 'LayerUnavailable';

  constructor(got: string, options?: ErrorOptions) {
    super(
      `A layer with PostgreSQL's programs is not there and could not be built: ${got}. ` +
        'Run this on Debian or Ubuntu, where the programs are fetched from the package mirror, or on a machine with Docker; ' +
        'or build the layer elsewhere with `npm run layers`, and give its directory or the ARN of a published version.',
      options,
    );
  }
}

export type LayerBuild = {
  /** Lambda's name: `arm64`, `x86_64`. */
  readonly architecture: string;
  readonly majors: readonly number[];
  readonly kind: 'client' | 'server';
  readonly extensions?: readonly string[] | undefined;
  readonly locales?: readonly string[] | undefined;
};

/** The builder is one file without dependencies, so that it runs in any container that has Node. */
const builder = 'build.js';
const builderDirectory = 'dist/layers/postgres';
const buildTimeoutMs = 15 * 60 * 1000;
/** A Debian with Node; the packages are only unpacked in it, so it need not be of the layer's architecture. */
const containerImage = 'node:24-trixie-slim';
/** Security releases come about four times a year; a week's delay is what people accept of a package manager. */
const maxAgeDays = 7;

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: function and layers, unzipped. */
const unzippedLimitBytes = 262_144_000;
/** Left for the function itself. */
const functionBytes = 10_000_000;

/**
 * A layer's content through CDK's bundling: built on this machine where that is Debian or Ubuntu, else by the same
 * script in a container. The builder makes the same bytes of the same packages, so the asset's hash is that of what it
 * made.
 *
 * @throws LayerUnavailable where neither works
 */
export function bundledLayer(build: LayerBuild): Code {
  const directory = path.join(packageRoot(), builderDirectory);
  if (!existsSync(path.join(directory, builder)))
    throw new LayerUnavailable(`${path.join(directory, builder)} is missing, run \`npm run build\``);
  return new LayerCode(directory, build);
}

/** How building on this machine went: why it cannot, for which there is a container, or the error that ended it. */
type BuiltHere = { problem: string | undefined; failure: unknown };

/** CDK bundles an asset when a construct takes it. */
class LayerCode extends AssetCode {
  readonly #here: BuiltHere;
  readonly #build: LayerBuild;

  constructor(directory: string, build: LayerBuild) {
    const here: BuiltHere = { problem: undefined, failure: undefined };
    super(directory, {
      assetHashType: AssetHashType.OUTPUT,
      bundling: {
        image: DockerImage.fromRegistry(containerImage),
        command: containerCommand(build),
        local: {
          tryBundle: (output) => {
            try {
              here.problem = buildHere(build, path.join(directory, builder), output);
            } catch (error: unknown) {
              here.failure = error;
              throw error;
            }
            return here.problem === undefined;
          },
        },
      },
    });
    this.#here = here;
    this.#build = build;
  }

  override bind(scope: Construct): CodeConfig {
    const config = this.#bundle(scope);
    refuseTooLarge(this.#build, bytesBelow(stagedAt(scope)));
    return config;
  }

  #bundle(scope: Construct): CodeConfig {
    try {
      return super.bind(scope);
    } catch (error: unknown) {
      const { problem, failure } = this.#here;
      // CDK throws an error of its own that says in words what ours was.
      if (failure !== undefined) throw failure;
      if (problem === undefined) throw error;
      const words = error instanceof Error ? error.message : String(error);
      const short = words.replace(/^.*-building: /s, '').split('\n')[0];
      throw new LayerUnavailable(`${problem}; and in a container: ${short}`, { cause: error });
    }
  }
}

function builderArguments({
  architecture,
  majors,
  kind,
  extensions = [],
  locales = [],
}: LayerBuild): string[] {
  return [
    '--major',
    majors.join(','),
    '--arch',
    architecture,
    '--max-age-days',
    String(maxAgeDays),
    // With `=`: a list may begin with an extension to leave out, after a hyphen.
    ...(kind === 'server' ? ['--server', `--extension=${extensions.join(',') || 'none'}`] : []),
    // Every server layer has C.UTF-8. To name no locale would mean whatever was built before: another hash elsewhere.
    ...(kind === 'server' ? [`--locale=${['C.UTF-8', ...locales].join(',')}`] : []),
  ];
}

/** Names come as the shell's arguments, never as its text. */
function containerCommand(build: LayerBuild): string[] {
  const into = '/tmp/layers';
  const script = `node /asset-input/${builder} --into ${into} "$@" && cp -r ${into}/${build.architecture}/${build.kind}/postgresql /asset-output/`;
  return ['bash', '-c', script, 'bash', ...builderArguments(build)];
}

/**
 * Builds on this machine what is missing or out of date, and copies the majors to `output`.
 * @returns why this machine cannot, for CDK to try a container; undefined when it is done
 * @throws LayerUnavailable where it should have worked and did not: a container would not do better
 */
function buildHere(build: LayerBuild, script: string, output: string): string | undefined {
  const { status, error, stdout } = spawnSync(process.execPath, [script, ...builderArguments(build)], {
    cwd: packageRoot(),
    // Its progress goes to standard error, as people wait for it; standard output belongs to `cdk synth`.
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    timeout: buildTimeoutMs,
  });
  if (error !== undefined) throw new LayerUnavailable(error.message, { cause: error });
  if (status !== 0) {
    if (!hasApt()) return 'this machine is neither Debian nor Ubuntu (no apt-get)';
    throw new LayerUnavailable(`the builder ended with exit status ${status}, see above`);
  }
  const layer = stdout.trim().split('\n').at(-1) ?? '';
  for (const major of build.majors) {
    const name = path.join('postgresql', String(major));
    cpSync(path.join(layer, name), path.join(output, name), { recursive: true, preserveTimestamps: true });
  }
  return undefined;
}

function hasApt(): boolean {
  return spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** Where CDK put what was bundled, whoever bundled it. */
function stagedAt(scope: Construct): string {
  const asset = scope.node.findChild('Code');
  if (!(asset instanceof Asset)) throw new TypeError('The code of a layer is an asset');
  return path.resolve(Stage.of(scope)?.assetOutdir ?? '', asset.assetPath);
}

/** The size of a directory's files, unpacked. */
export function bytesBelow(directory: string): number {
  return readdirSync(directory, { withFileTypes: true }).reduce((sum, entry) => {
    const name = path.join(directory, entry.name);
    return sum + (entry.isDirectory() ? bytesBelow(name) : statSync(name).size);
  }, 0);
}

/**
 * Each function has one layer.
 * @throws Error where Lambda would refuse the two together, which it does in the middle of a deployment
 */
export function refuseTooLarge(
  { kind, majors, extensions = [] }: Pick<LayerBuild, 'kind' | 'majors' | 'extensions'>,
  bytes: number,
): void {
  if (bytes + functionBytes <= unzippedLimitBytes) return;
  const names = extensions.length === 0 ? '' : ` with ${extensions.join(', ')}`;
  throw new Error(
    `The ${kind} layer ${majors.join(', ')}${names} is too large for Lambda: got ${Math.round(bytes / 1e6)} MB unpacked ` +
      `(expected at most ${Math.floor((unzippedLimitBytes - functionBytes) / 1e6)} MB beside the function). Leave majors or extensions out (docs/layers.md), or verify with the pgproof command elsewhere.`,
  );
}
