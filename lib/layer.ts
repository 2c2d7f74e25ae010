import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { type Architecture, Code, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { layerMajors } from './config/schema.ts';
import { bundledLayer, bytesBelow, LayerUnavailable, refuseTooLarge } from './layer-code.ts';

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
   * @default - built at synth where it is missing or out of date
   */
  readonly directory?: string | undefined;
}

/** Code from a directory that somebody built: only the majors that are asked for. */
function codeFrom(directory: string, majors: readonly number[], kind: 'client' | 'server'): Code {
  const program = kind === 'server' ? 'postgres' : 'pg_dump';
  const missing = majors.filter(
    (major) =>
      !existsSync(path.join(directory, `postgresql/${major}/usr/lib/postgresql/${major}/bin/${program}`)),
  );
  if (missing.length > 0) throw new LayerUnavailable(`${directory} has no ${program} ${missing.join(', ')}`);
  const sizes = majors.map((major) => bytesBelow(path.join(directory, 'postgresql', String(major))));
  refuseTooLarge(
    { kind, majors },
    sizes.reduce((sum, bytes) => sum + bytes, 0),
  );
  const others = readdirSync(path.join(directory, 'postgresql')).filter(
    (name) => !majors.includes(Number(name)),
  );
  return Code.fromAsset(directory, { exclude: others.map((name) => `postgresql/${name}`) });
}

/**
 * PostgreSQL's client programs (pg_dump, pg_restore, pg_dumpall, psql) as a Lambda layer, unpacked to
 * `/opt/postgresql/<major>`.
 * @throws LayerUnavailable where it is not there and can be built neither here nor in a container
 */
export class ClientLayer extends LayerVersion {
  constructor(scope: Construct, id: string, props: ClientLayerProps) {
    const { architecture, majors = layerMajors, directory } = props;
    super(scope, id, {
      description: `PostgreSQL client programs ${majors.join(', ')} (${architecture.name})`,
      code:
        directory === undefined
          ? bundledLayer({ architecture: architecture.name, majors, kind: 'client' })
          : codeFrom(directory, majors, 'client'),
      compatibleArchitectures: [architecture],
    });
  }

  /** The one layer of `scope`'s stack for this architecture and these majors; made at the first call. */
  static shared(scope: Construct, props: ClientLayerProps): LayerVersion {
    const { architecture, majors = layerMajors } = props;
    const stack = Stack.of(scope);
    const id = `PostgresClients-${architecture.name}-${majors.join('-')}`;
    const existing = stack.node.tryFindChild(id);
    return existing instanceof LayerVersion ? existing : new ClientLayer(stack, id, props);
  }
}

export interface ServerLayerProps {
  /** The architecture of the functions that will use it. */
  readonly architecture: Architecture;
  /**
   * The major of PostgreSQL. It restores backups of this and of older ones.
   * @default 18
   */
  readonly major?: number | undefined;
  /**
   * Packages of extensions beside PostgreSQL's own, as the distribution calls them: pgvector, postgis, partman. A
   * hyphen before a name leaves one out: -postgis_raster.
   * @default []
   */
  readonly extensions?: readonly string[] | undefined;
  /**
   * Locales of the C library beside C, en_US.UTF-8 and en_GB.UTF-8.
   * @default []
   */
  readonly locales?: readonly string[] | undefined;
  /**
   * A directory that was built before.
   * @default - built at synth where it is missing or out of date
   */
  readonly directory?: string | undefined;
}

/**
 * A whole PostgreSQL server of one major, with the client programs, as a Lambda layer: what a verification by restore
 * restores into.
 * @throws LayerUnavailable where it is not there and can be built neither here nor in a container
 */
export class ServerLayer extends LayerVersion {
  constructor(scope: Construct, id: string, props: ServerLayerProps) {
    const { architecture, major = newest(layerMajors), extensions = [], locales = [], directory } = props;
    super(scope, id, {
      description: `PostgreSQL server ${major}${extensions.map((name) => ` ${name}`).join('')} (${architecture.name})`,
      code:
        directory === undefined
          ? bundledLayer({
              architecture: architecture.name,
              majors: [major],
              kind: 'server',
              extensions,
              locales,
            })
          : codeFrom(directory, [major], 'server'),
      compatibleArchitectures: [architecture],
    });
  }

  /** The one layer of `scope`'s stack for these properties; made at the first call. */
  static shared(scope: Construct, props: ServerLayerProps): LayerVersion {
    const { architecture, major = newest(layerMajors), extensions = [], locales = [] } = props;
    const stack = Stack.of(scope);
    const id = `PostgresServer-${[architecture.name, major, ...extensions, ...locales].join('-')}`;
    const existing = stack.node.tryFindChild(id);
    return existing instanceof LayerVersion ? existing : new ServerLayer(stack, id, props);
  }
}

/** Of several majors the one that can restore backups of all of them. */
export function newest(majors: readonly number[]): number {
  return Math.max(...majors);
}
