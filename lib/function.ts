import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Duration, RemovalPolicy, type Size } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  type Architecture,
  Code,
  type ILayerVersion,
  Function as LambdaFunction,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledgeWildcard } from './acknowledge.ts';
import { definedOnly } from './defined-only.ts';
import type { ToldLog } from './log-rights.ts';
import type { Place } from './rights.ts';

/** What every function needs, all settled. */
export interface BundledFunctionProps {
  readonly description: string;
  /** Directory with `index.mjs`, as `npm run build` makes it. */
  readonly codeDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly statements: readonly PolicyStatement[];
  /** Resources of these statements that have a wildcard on purpose, and the reason. */
  readonly wildcards: Readonly<Record<string, string>>;
  /** PostgreSQL's programs, where the function starts some. */
  readonly layer?: ILayerVersion | undefined;
  /** The authorities of the server's certificate, where it names some. */
  readonly authorities?: ILayerVersion | undefined;
  readonly architecture: Architecture;
  readonly memory: Size;
  readonly temporaryStorage: Size;
  readonly timeout: Duration;
  readonly logGroupName: string;
  readonly logRetention: RetentionDays;
  /** Of a function that is started by events; undefined where a queue of its own brings what failed again. */
  readonly failureQueue: IQueue | undefined;
  readonly retryAttempts: 0 | 1 | 2;
  readonly maxEventAge: Duration;
  readonly vpc?: IVpc | undefined;
  readonly vpcSubnets?: SubnetSelection | undefined;
  readonly securityGroups?: readonly ISecurityGroup[] | undefined;
}

/** What the function of one source is told; how it is called and what it may do, each of the three settles itself. */
export interface SourceFunctionProps
  extends Omit<
    BundledFunctionProps,
    'description' | 'environment' | 'statements' | 'wildcards' | 'retryAttempts' | 'maxEventAge'
  > {
  readonly sourceName: string;
  readonly storeUrl: string;
  readonly place: Place;
  readonly topic: ITopic;
  /** Where it says what it did, for the log table. */
  readonly log?: ToldLog | undefined;
}

function codeFrom(directory: string): Code {
  if (!existsSync(path.join(directory, 'index.mjs'))) {
    throw new Error(
      `The code of a function is missing: no index.mjs in ${directory} (expected the bundle that is built from functions/). ` +
        'Run `npm run build` in the repository, or install pgproof again.',
    );
  }
  return Code.fromAsset(directory);
}

// What Lambda needs to put a function's network interfaces into a VPC; EC2 has no narrower resource for most of it.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
const interfaceActions = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

/**
 * Lambda does these by the function's role, before its code runs; the code itself may not. What came in with a dump could
 * else, if it got hold of the role's credentials.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-best-practice
 */
const byCodeOfAFunction = { Null: { 'lambda:SourceFunctionArn': 'false' } };

function roleFor(scope: Construct, inVpc: boolean, statements: readonly PolicyStatement[]): Role {
  // A role of its own: the managed policies that CDK attaches by default may write to every log group.
  const role = new Role(scope, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  for (const statement of statements) role.addToPolicy(statement);
  if (inVpc) {
    role.addToPolicy(
      new PolicyStatement({ sid: 'NetworkInterfaces', actions: interfaceActions, resources: ['*'] }),
    );
    role.addToPolicy(
      new PolicyStatement({
        sid: 'NotByCode',
        effect: Effect.DENY,
        actions: interfaceActions,
        resources: ['*'],
        conditions: byCodeOfAFunction,
      }),
    );
    acknowledgeWildcard(
      role,
      '*',
      'EC2 describes network interfaces of all or none; Lambda needs these actions to join a VPC.',
    );
  }
  return role;
}

/**
 * A bundled function with a role that may do nothing but what `statements` say and write its own log. Reserved
 * concurrency is left alone on purpose: it is taken from the account's pool, which is ten in a new account, and two
 * runs at once do each other no harm.
 */
export function bundledFunction(scope: Construct, props: BundledFunctionProps): LambdaFunction {
  const { vpc, vpcSubnets, securityGroups } = props;
  const logGroup = new LogGroup(scope, 'Log', {
    logGroupName: props.logGroupName,
    retention: props.logRetention,
    // A group that stays behind would keep the stack from being created again under the same names; what must
    // outlive the stack, the manifests and verifications, is in the bucket.
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const writeLog = new PolicyStatement({
    sid: 'Log',
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroup.logGroupArn],
  });
  const role = roleFor(scope, vpc !== undefined, [writeLog, ...props.statements]);
  for (const [arn, reason] of Object.entries(props.wildcards)) acknowledgeWildcard(role, arn, reason);
  return new LambdaFunction(scope, 'Function', {
    description: props.description,
    runtime: Runtime.NODEJS_24_X,
    architecture: props.architecture,
    handler: 'index.handler',
    code: codeFrom(props.codeDirectory),
    layers: [props.layer, props.authorities].filter((layer) => layer !== undefined),
    memorySize: props.memory.toMebibytes(),
    ephemeralStorageSize: props.temporaryStorage,
    timeout: props.timeout,
    role,
    // Stack traces in the log then name the lines of this repository.
    environment: { ...props.environment, NODE_OPTIONS: '--enable-source-maps' },
    logGroup,
    retryAttempts: props.retryAttempts,
    maxEventAge: props.maxEventAge,
    ...definedOnly({
      onFailure: props.failureQueue && new SqsDestination(props.failureQueue),
      vpc,
      vpcSubnets,
      securityGroups: securityGroups && [...securityGroups],
    }),
  });
}
