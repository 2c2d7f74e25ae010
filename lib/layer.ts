import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { type Architecture, Code, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { packageRoot } from './package-root.ts';

/** Majors of PostgreSQL whose programs the layer carries unless told otherwise. A newer pg_dump reads older servers. */
export const defaultMajors: readonly number[] = [15, 17, 18];

const builder = 'dist/layers/postgres/build.js';
const buildTimeoutMs = 15 * 60 * 1000;

/** There is no layer to deploy, and an empty one must not be. */
export class ClientLayerUnavailable extends Error {
  override readonly name = 'ClientLayerUnavailable';

  constructor(got: string, options?: ErrorOptions) {
    super(
      `The layer with PostgreSQL's programs is not there and could not be built: ${got} (expected pg_dump for every major that is asked for). ` +
        'Run this on Debian or Ubuntu, where the programs are fetched from the package mirror; or build the layer there with ' +
        '`npm run layers -- --arch ARCHITECTURE`, and give its directory or the ARN of a published version.',
      options,
    );
  }
}

export interface ClientLayerProps {
  /** The architecture of the functions that will use it. */
  readonly architecture: Architecture;
  /**
   * Majors of PostgreSQL to carry: 15, 17, 18.
   * @default [15, 17, 18]
   */
  readonly majors?: readonly number[] | undefined;
  /**
   * A directory that was built before and holds `postgresql/<major>/usr/lib/postgresql/<major>/bin/pg_dump`.
   * @default - built at synth where it is missing
   */
  readonly directory?: string | undefined;
}

function hasMajor(directory: string, major: number): boolean {
  return existsSync(path.join(directory, `postgresql/${major}/usr/lib/postgresql/${major}/bin/pg_dump`));
}

/** Runs the builder, which is quick where everything is there already, and returns the directory that it prints. */
function built(architecture: Architecture, majors: readonly number[]): string {
  const root = packageRoot();
  const script = path.join(root, builder);
  if (!existsSync(script)) throw new ClientLayerUnavailable(`${script} is missing, run \`npm run build\``);
  const { status, error, stdout } = spawnSync(
    process.execPath,
    [script, '--major', majors.join(','), '--arch', architecture.name],
    // Its progress goes to standard error, as people wait for it; standard output belongs to `cdk synth`.
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', timeout: buildTimeoutMs },
  );
  if (error !== undefined) throw new ClientLayerUnavailable(error.message, { cause: error });
  if (status !== 0)
    throw new ClientLayerUnavailable(`the builder ended with exit status ${status}, see above`);
  return stdout.trim();
}

/**
 * PostgreSQL's client programs (pg_dump, pg_restore, pg_dumpall, psql) as a Lambda layer, unpacked to
 * `/opt/postgresql/<major>`.
 * @throws ClientLayerUnavailable where it is not there and cannot be built here
 */
export class ClientLayer extends LayerVersion {
  constructor(scope: Construct, id: string, props: ClientLayerProps) {
    const { architecture, majors = defaultMajors } = props;
    const directory = props.directory ?? built(architecture, majors);
    const missing = majors.filter((major) => !hasMajor(directory, major));
    if (missing.length > 0)
      throw new ClientLayerUnavailable(`${directory} has no pg_dump ${missing.join(', ')}`);
    const others = readdirSync(path.join(directory, 'postgresql')).filter(
      (name) => !majors.includes(Number(name)),
    );
    super(scope, id, {
      description: `PostgreSQL client programs ${majors.join(', ')} (${architecture.name})`,
      code: Code.fromAsset(directory, { exclude: others.map((name) => `postgresql/${name}`) }),
      compatibleArchitectures: [architecture],
    });
  }

  /** The one layer of `scope`'s stack for this architecture and these majors; made at the first call. */
  static shared(scope: Construct, props: ClientLayerProps): LayerVersion {
    const { architecture, majors = defaultMajors } = props;
    const stack = Stack.of(scope);
    const id = `PostgresClients-${architecture.name}-${majors.join('-')}`;
    const existing = stack.node.tryFindChild(id);
    return existing instanceof LayerVersion ? existing : new ClientLayer(stack, id, props);
  }
}
