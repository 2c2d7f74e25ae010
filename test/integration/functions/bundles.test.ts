import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { companions } from '../../../build.ts';
import { bundleOf, useBundles, withDeployment } from '../../support/lambda/deployment.ts';

useBundles();

const mebibyte = 1024 * 1024;

describe.each(['backup', 'verify'] as const)('the bundle of %s', (name) => {
  test('is one module, its source map and its companions, small, and knows nothing of the CDK', async () => {
    const path = bundleOf(name);
    const files = ['index.mjs', 'index.mjs.map', ...(companions[name] ?? [])];
    expect((await readdir(dirname(path))).sort()).toEqual(files);
    const { size } = await stat(path);
    console.info(`${name}: ${(size / mebibyte).toFixed(2)} MiB`);
    // Lambda reads and compiles all of it at every cold start.
    expect(size).toBeLessThan(4 * mebibyte);
    const { sources } = JSON.parse(await readFile(`${path}.map`, 'utf8')) as { sources: string[] };
    expect(sources.length).toBeGreaterThan(100);
    expect(sources.filter((one) => /node_modules\/(aws-cdk-lib|constructs|esbuild)\//.test(one))).toEqual([]);
    expect(
      sources.filter((one) => /(^|\/)(lib|cli|test)\/[^/]+\.ts$/.test(one) && !one.includes('node_modules')),
    ).toEqual([]);
  });

  test('starts in the time that Lambda gives an init, and names the lines of this repository in its stack traces', () =>
    withDeployment({}, (deployment) =>
      deployment.withFunction(name, { environment: { PGPROOF_TOPIC_ARN: '' } }, async (lambda) => {
        const { error } = await lambda.invoke({});
        expect(error?.errorType).toBe('BadSettings');
        expect(error?.trace?.join('\n')).toContain('functions/lambda/settings.ts:');
        // Beyond that Lambda starts it a second time; here it is mostly the machine's load that is measured.
        expect(lambda.initMilliseconds[0]).toBeLessThan(10_000);
      }),
    ));
});
