import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { onTestFinished } from 'vitest';
import { parseConfig } from '../../../lib/config/parse.ts';
import { BackupStack } from '../../../lib/stack.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Statement = {
  readonly sid?: string;
  readonly effect?: 'Deny';
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Of a denial that is about all other resources. */
  readonly butFor?: readonly string[];
  readonly conditions?: unknown;
};

export const secretArn = 'arn:aws:secretsmanager:eu-central-1:210987654321:secret:orders-AbCdEf';
export const layerArn = 'arn:aws:lambda:eu-central-1:210987654321:layer:postgres:3';
export const serverLayerArn = 'arn:aws:lambda:eu-central-1:210987654321:layer:postgres-server:7';
export const kmsKeyArn = 'arn:aws:kms:eu-central-1:210987654321:key/0a1b2c3d-0000-4000-8000-000000000000';

/** The smallest configuration of one source; `changes` replace whole sections, `source` single keys. */
export function configuration(changes: object = {}, source: object = {}): object {
  return {
    sources: [
      {
        name: 'orders-prod',
        secretArn,
        schedules: [{ name: 'nightly', cron: 'cron(0 2 * * ? *)', timeZone: 'Europe/Berlin' }],
        ...source,
      },
    ],
    alerts: { emails: ['ops@acme.test'] },
    layer: { arn: layerArn },
    verify: { layerArn: serverLayerArn },
    ...changes,
  };
}

/** What cdk.json sets for the whole app, without the configuration: a test must look at the template that is deployed. */
export function featureFlags(): Record<string, unknown> {
  const file = path.join(import.meta.dirname, '../../../cdk.json');
  const { context } = JSON.parse(readFileSync(file, 'utf8')) as { context: Record<string, unknown> };
  const { pgproof: _, ...flags } = context;
  return flags;
}

/** A directory that is gone when the test is. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'pgproof-stack-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Stand-ins for the bundles: what the stack says of them does not depend on what is in them. */
export function functionsDirectory(): string {
  const directory = temporaryDirectory();
  for (const name of ['backup', 'verify', 'restore', 'prune', 'copy', 'log']) {
    mkdirSync(path.join(directory, name));
    writeFileSync(path.join(directory, name, 'index.mjs'), `export const handler = async () => '${name}';\n`);
  }
  return directory;
}

/** A directory that looks like a built client layer. */
export function layerDirectory(majors: readonly number[]): string {
  const directory = temporaryDirectory();
  for (const major of majors) {
    const programs = path.join(directory, `postgresql/${major}/usr/lib/postgresql/${major}/bin`);
    mkdirSync(programs, { recursive: true });
    writeFileSync(path.join(programs, 'pg_dump'), '#!/bin/sh\n', { mode: 0o755 });
  }
  return directory;
}

export function testApp(context: Record<string, unknown> = {}): App {
  return new App({
    context: { ...featureFlags(), ...context },
    outdir: path.join(temporaryDirectory(), 'cdk.out'),
  });
}

export function stackFrom(config: object = configuration(), layer?: string): BackupStack {
  return new BackupStack(testApp(), 'Pgproof', {
    config: parseConfig(config),
    functionsDirectory: functionsDirectory(),
    layerDirectory: layer,
  });
}

const templates = new Map<string, Template>();

/** Made once per configuration: a synthesis takes about a second, and nobody changes a template. */
export function templateOf(config: object = configuration()): Template {
  const key = JSON.stringify(config);
  const template = templates.get(key) ?? Template.fromStack(stackFrom(config));
  templates.set(key, template);
  return template;
}

/** Resources of one type, by logical id without its hash. */
export function resources(template: Template, type: string): Record<string, Record<string, Json>> {
  const found = template.findResources(type) as Record<string, { Properties: Record<string, Json> }>;
  return Object.fromEntries(
    Object.entries(found).map(([id, { Properties }]) => [withoutHash(id), Properties]),
  );
}

function withoutHash(id: string): string {
  return id.replace(/[0-9A-F]{8}$/, '');
}

/** A CloudFormation value as one readable text: `<Bucket.Arn>/orders-prod/*`. */
export function spell(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const [kind, content] = Object.entries(value)[0] ?? [];
  if (kind === 'Ref') return `<${withoutHash(String(content))}>`;
  if (kind === 'Fn::GetAtt') return `<${withoutHash(content[0])}.${content[1]}>`;
  if (kind === 'Fn::Join') return content[1].map(spell).join(content[0]);
  return JSON.stringify(value);
}

/** The statements of the policy of the role whose logical id begins with `role`, in words. */
export function statementsOf(template: Template, role: string): Statement[] {
  const policies = resources(template, 'AWS::IAM::Policy');
  const policy = Object.entries(policies).find(([id]) => id.startsWith(`${role}DefaultPolicy`))?.[1];
  if (policy === undefined) throw new Error(`No policy of ${role} among ${Object.keys(policies).join(', ')}`);
  return statementsIn(policy.PolicyDocument);
}

/** The statements of a policy, in words. */
export function statementsIn(document: unknown): Statement[] {
  const { Statement: statements } = document as {
    Statement: {
      Sid?: string;
      Effect: string;
      Action: unknown;
      Resource?: unknown;
      NotResource?: unknown;
      Condition?: unknown;
    }[];
  };
  const spelt = (value: unknown): string[] => (value === undefined ? [] : [value].flat().map(spell));
  return statements.map(({ Sid, Effect, Action, Resource, NotResource, Condition }) => {
    return {
      ...(Sid === undefined ? {} : { sid: Sid }),
      ...(Effect === 'Deny' ? { effect: Effect } : {}),
      actions: [Action].flat().map(String),
      resources: spelt(Resource),
      ...(NotResource === undefined ? {} : { butFor: spelt(NotResource) }),
      ...(Condition === undefined ? {} : { conditions: Condition }),
    };
  });
}
