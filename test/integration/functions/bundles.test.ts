import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { companions, functionNames } from '../../../build.ts';
import { listen } from '../../support/aws/listener.ts';
import { bundleOf, useBundles, withDeployment } from '../../support/lambda/deployment.ts';
import type { LambdaError } from '../../support/lambda/runtime.ts';

useBundles();

/** Lambda reads and compiles all of it at every cold start. */
const mostBytes = 1_000_000;

describe.each(functionNames)('the bundle of %s', (name) => {
  test('is one module, its source map and its companions, small, and knows nothing of the CDK', async () => {
    const path = bundleOf(name);
    const beside = (companions[name] ?? []).map((file) => basename(file));
    expect((await readdir(dirname(path))).sort()).toEqual(['index.mjs', 'index.mjs.map', ...beside].sort());
    const { size } = await stat(path);
    expect(size).toBeLessThan(mostBytes);
    const { sources } = JSON.parse(await readFile(`${path}.map`, 'utf8')) as { sources: string[] };
    expect(sources.length).toBeGreaterThan(100);
    // Who may connect to RDS finds its certificates beside it.
    const connects = sources.some((one) => one.endsWith('/connect/rds-authorities.ts'));
    expect(beside.includes('rds-authorities.json')).toBe(connects);
    expect(sources.filter((one) => /node_modules\/(aws-cdk-lib|constructs|esbuild)\//.test(one))).toEqual([]);
    expect(
      sources.filter((one) => /(^|\/)(lib|cli|test)\/[^/]+\.ts$/.test(one) && !one.includes('node_modules')),
    ).toEqual([]);
    // What comes along unasked: `import { z }` instead of `import * as z`; and the SDK's own chain of credentials.
    expect(sources.filter((one) => /zod\/v4\/locales\/(?!en\.js)/.test(one))).toEqual([]);
    expect(sources.filter((one) => /credential-provider-(node|sso|ini|process)\//.test(one))).toEqual([]);
  });

  test('starts in the time that Lambda gives an init, and names files and functions of this repository in its stack traces', () =>
    withDeployment({}, (deployment) =>
      deployment.withFunction(name, { environment: { PGPROOF_TOPIC_ARN: '' } }, async (lambda) => {
        const { error } = await lambda.invoke({});
        expect(error?.errorType).toBe('BadSettings');
        const trace = error?.trace?.join('\n');
        expect(trace).toMatch(/ at parseVariables \(\S*\/functions\/lambda\/settings\.ts:\d+:\d+\)/);
        expect(trace).toMatch(new RegExp(` at handler \\(\\S*/functions/${name}/handler\\.ts:\\d+`));
        // Beyond that Lambda starts it a second time; here it is mostly the machine's load that is measured.
        expect(lambda.initMilliseconds[0]).toBeLessThan(10_000);
      }),
    ));
});

test('the role of a function is found where Lambda hands it over: in variables, or at an endpoint that they name', () =>
  withDeployment({}, async (deployment) => {
    const asked: (string | undefined)[] = [];
    const endpoint = await listen(({ headers }, response) => {
      asked.push(headers.authorization);
      const role = { AccessKeyId: 'test', SecretAccessKey: 'test', Token: 'of the role' };
      const Expiration = new Date(Date.now() + 3_600_000).toISOString();
      response.end(JSON.stringify({ ...role, Expiration }));
    });
    const none = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_SESSION_TOKEN: '' };
    const atEndpoint = {
      ...none,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint.url}/role`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'ticket',
    };
    const verifyWith = (environment: Record<string, string>): Promise<LambdaError | undefined> =>
      deployment.withFunction('verify', { environment }, async (lambda) => {
        const { error } = await lambda.invoke({ backup: 'shop/app/latest' });
        return error;
      });
    try {
      // S3 took the request: it has no such backup.
      const error = await verifyWith({});
      expect(error?.errorType).toBe('BackupNotFound');
      expect(asked).toEqual([]);
      // What a function awaits is named by the function's own name alone: the source map does not help there.
      expect(error?.trace?.join('\n')).toMatch(
        / at async withDeadline \(\S*\/functions\/lambda\/deadline\.ts:\d+/,
      );
      expect((await verifyWith(atEndpoint))?.errorType).toBe('BackupNotFound');
      expect(new Set(asked)).toEqual(new Set(['ticket']));
      // Without any it cannot tell of its failure either.
      expect((await verifyWith(none))?.errorType).toBe('AlertNotSent');
    } finally {
      await endpoint.kill();
    }
  }));
