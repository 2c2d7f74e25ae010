import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { bundle } from '../support/run/bundles.ts';
import { configuration, featureFlags, temporaryDirectory } from '../support/stack/stack.ts';

type Template = {
  readonly Parameters: Record<string, object>;
  readonly Resources: Record<string, { Type: string }>;
};
type Run = { readonly status: number | null; readonly stderr: string; readonly template: () => Template };

const repository = path.join(import.meta.dirname, '../..');

/** What is below the app in a clone after a build, but for the layer. */
async function builtClone(): Promise<string> {
  const clone = temporaryDirectory();
  writeFileSync(path.join(clone, 'package.json'), '{ "name": "pgproof", "type": "module" }');
  symlinkSync(path.join(repository, 'node_modules'), path.join(clone, 'node_modules'));
  cpSync(await bundle('functions'), path.join(clone, 'dist/functions'), { recursive: true });
  cpSync(await bundle('app'), path.join(clone, 'dist/app.js'));
  return clone;
}

/** Runs the app as the CDK's command does: a program of its own that is told the context and where to write. */
async function runApp(pgproof: unknown): Promise<Run> {
  const clone = await builtClone();
  const outdir = path.join(clone, 'cdk.out');
  const context = JSON.stringify({ ...featureFlags(), pgproof });
  const { status, stderr } = spawnSync(process.execPath, [path.join(clone, 'dist/app.js')], {
    cwd: clone,
    encoding: 'utf8',
    timeout: 50_000,
    // No region, no account, no credentials: nothing may be asked of AWS.
    env: { PATH: process.env.PATH, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: context },
  });
  const template = (): Template =>
    JSON.parse(readFileSync(path.join(outdir, 'Pgproof.template.json'), 'utf8')) as Template;
  return { status, stderr, template };
}

test('a complete configuration becomes a template that asks for nothing', async () => {
  const { status, stderr, template } = await runApp(configuration());
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(Object.keys(template().Parameters)).toEqual(['BootstrapVersion']);
  expect(
    Object.values(template().Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function'),
  ).toHaveLength(2);
});

test('the example in cdk.json can be looked at, and asks to be edited before it is deployed', async () => {
  const { context } = JSON.parse(readFileSync(path.join(repository, 'cdk.json'), 'utf8')) as {
    context: { pgproof: unknown };
  };
  const { status, stderr, template } = await runApp(context.pgproof);
  expect(status).toBe(0);
  expect(stderr).toContain('sources[0].secretArn, alerts.emails[0]');
  const { EditCdkJsonFirst } = template().Parameters;
  expect(EditCdkJsonFirst).toMatchObject({ Type: 'String' });
  expect(EditCdkJsonFirst).not.toHaveProperty('Default');
});

test('a wrong configuration ends with all its problems and exit status 2, without a stack trace', async () => {
  const { status, stderr } = await runApp(
    configuration({ functions: { timeoutMinutes: 16 } }, { name: 'a b' }),
  );
  expect(status).toBe(2);
  expect(stderr).toContain('has 2 problems:');
  expect(stderr).toContain('sources[0].name: got "a b"');
  expect(stderr).toContain('functions.timeoutMinutes: got 16');
  expect(stderr).not.toMatch(/^ +at /m);
});
