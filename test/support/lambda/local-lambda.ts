import { randomUUID } from 'node:crypto';
import inspector from 'node:inspector';
import { devNull } from 'node:os';
import { delimiter } from 'node:path';
import type { Context } from 'aws-lambda';
import { loadSampleShop } from '../../../cli/demo/sample-shop.ts';
import { machinePrograms } from '../../../cli/programs.ts';
import type { ConnectionParameters } from '../../../core/postgres/connect/parameters.ts';
import { type PrivateServer, withPrivateServer } from '../../../core/postgres/server/private-server.ts';
import { backupEnvironment } from '../../../functions/backup/contract.ts';
import { copyEnvironment } from '../../../functions/copy/contract.ts';
import { logEnvironment } from '../../../functions/log/contract.ts';
import { pruneEnvironment } from '../../../functions/prune/contract.ts';
import { restoreEnvironment } from '../../../functions/restore/contract.ts';
import { verifyEnvironment } from '../../../functions/verify/contract.ts';
import { type AwsServer, withAwsServer } from '../aws/server.ts';
import { lambdaEnvironment } from './environment.ts';

export type FunctionName = 'backup' | 'verify' | 'restore' | 'prune' | 'copy' | 'log';

export const bucket = 'backups';
const copies = 'offsite';
const topicArn = 'arn:aws:sns:us-east-1:111122223333:backups';
const secretArn = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:shop/backup-AbCdEf';

type Handler = (event: unknown, context: Context) => Promise<unknown>;

/** The variables that each function knows, and its handler: loaded late, when its environment stands. */
const functions: Readonly<
  Record<
    FunctionName,
    { readonly variables: Readonly<Record<string, string>>; load(): Promise<{ handler: Handler }> }
  >
> = {
  backup: { variables: backupEnvironment, load: () => import('../../../functions/backup/handler.ts') },
  verify: { variables: verifyEnvironment, load: () => import('../../../functions/verify/handler.ts') },
  restore: { variables: restoreEnvironment, load: () => import('../../../functions/restore/handler.ts') },
  prune: { variables: pruneEnvironment, load: () => import('../../../functions/prune/handler.ts') },
  log: { variables: logEnvironment, load: () => import('../../../functions/log/handler.ts') },
  copy: { variables: copyEnvironment, load: () => import('../../../functions/copy/handler.ts') },
};

/**
 * What the construct would deploy for one source, on this machine: a server with a sample shop, a bucket, a topic. The
 * server is the newest on hand; PGPROOF_TEST_MAJORS chooses another.
 */
export type LocalLambda = {
  readonly aws: AwsServer;
  /** Runs the function's TypeScript source in this process, where a debugger finds it. `more`: further variables. */
  invoke(name: FunctionName, event: unknown, more?: Readonly<Record<string, string>>): Promise<unknown>;
};

export async function withLocalLambda<T>(
  run: { readonly signal: AbortSignal; readonly onProgress: (line: string) => void },
  use: (lambda: LocalLambda) => Promise<T>,
): Promise<T> {
  const { signal, onProgress } = run;
  const programs = machinePrograms(run);
  const [major] = process.env.PGPROOF_TEST_MAJORS?.split(',') ?? [];
  const tools = await programs.serverTools(major === undefined ? undefined : Number(major));
  const { server, client } = await programs.verificationTools(tools.major);
  const directories = [...new Set([client.directory, server.directory])].join(delimiter);
  return await withPrivateServer({ tools, tcp: true, signal }, async (source) => {
    onProgress(`PostgreSQL ${source.version} is up; it gets a sample shop of some 15 MB`);
    await loadSampleShop(source.parameters, { scale: 0.02, signal });
    return await withAwsServer({ buckets: [bucket, copies] }, async (aws) => {
      aws.secrets.set(secretArn, secretOf(source));
      const developers = { ...process.env };
      return await use({
        aws,
        invoke: async (name, event, more) => {
          setEnvironment({ ...environmentOf(name, developers, aws), PGPROOF_PG_BIN: directories, ...more });
          const { handler } = await functions[name].load();
          return await handler(event, contextOf(name));
        },
      });
    });
  });
}

function secretOf({ tcpParameters }: PrivateServer): Readonly<Record<string, unknown>> {
  const { host, port, user, password, database } = tcpParameters as ConnectionParameters;
  return { engine: 'postgres', host, port, username: user, password, dbname: database };
}

/** Variables of a function that say which server, store, key and topic: here those are its own. */
const saysWhere =
  /^PGPROOF_(SOURCE|STORE|SECRET_ARN|AUTH|HOST|PORT|USER|(LOG_)?TOPIC_ARN|KMS_KEY_ARN|COPY_\w+)$/;

/**
 * The developer's own variables, without what could lead to real servers and accounts, then Lambda's, then the
 * deployment's. A PGPROOF_ variable of the function that says how is handed through: `PGPROOF_FORMAT=directory`.
 */
function environmentOf(name: FunctionName, developers: NodeJS.ProcessEnv, aws: AwsServer): NodeJS.ProcessEnv {
  const known = Object.values(functions[name].variables);
  const isForeign = (variable: string): boolean =>
    /^(AWS_|PG|POWERTOOLS_)/.test(variable) && (!known.includes(variable) || saysWhere.test(variable));
  const own = Object.fromEntries(Object.entries(developers).filter(([variable]) => !isForeign(variable)));
  // The machine's own, where a private server has to find its programs and a place.
  const {
    PATH: _,
    HOME: _home,
    TMPDIR: _temporary,
    LANG: _language,
    ...lambda
  } = lambdaEnvironment({
    functionName: `pgproof-${name}`,
    taskRoot: process.cwd(),
    temporary: '/tmp',
  });
  const deployed = {
    PGPROOF_SOURCE: 'shop',
    PGPROOF_STORE: `s3://${bucket}/pg`,
    PGPROOF_TOPIC_ARN: topicArn,
    PGPROOF_SECRET_ARN: secretArn,
    PGPROOF_SSLMODE: 'disable',
    PGPROOF_SOURCES: '["shop"]',
    PGPROOF_KEEP: '{"daily": 7}',
    PGPROOF_COPY_NAME: 'offsite',
    PGPROOF_COPY_TO: `s3://${copies}/pg`,
    PGPROOF_COPY_MAX_AGE_HOURS: '48',
  };
  const ofFunction = Object.entries(deployed).filter(([variable]) => known.includes(variable));
  return {
    ...own,
    ...lambda,
    ...aws.environment,
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    // Powertools then writes to this process's console, which may be led elsewhere; metrics too, where not disabled.
    POWERTOOLS_DEV: 'true',
    POWERTOOLS_METRICS_DISABLED: 'false',
    ...Object.fromEntries(ofFunction),
  };
}

/** Not a new object: what Node.js and its modules hold is this one. */
function setEnvironment(environment: NodeJS.ProcessEnv): void {
  for (const variable of Object.keys(process.env))
    if (!(variable in environment)) delete process.env[variable];
  Object.assign(process.env, environment);
}

/** Lambda's fifteen minutes; a day where a debugger may stop at a breakpoint for as long as it likes. */
function contextOf(name: FunctionName): Context {
  const minutes = inspector.url() === undefined ? 15 : 24 * 60;
  const end = Date.now() + minutes * 60_000;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: `pgproof-${name}`,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:us-east-1:111122223333:function:pgproof-${name}`,
    memoryLimitInMB: '2048',
    awsRequestId: randomUUID(),
    logGroupName: `/aws/lambda/pgproof-${name}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => end - Date.now(),
  } as Context;
}
