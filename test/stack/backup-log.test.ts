import { describe, expect, test } from 'vitest';
import { logEventsEnvironment } from '../../functions/lambda/contract.ts';
import { logEnvironment } from '../../functions/log/contract.ts';
import { configuration, kmsKeyArn, resources, templateOf } from '../support/stack/stack.ts';

const logSecret = 'arn:aws:secretsmanager:eu-central-1:210987654321:secret:monitoring-AbCdEf';
const network = {
  vpcId: 'vpc-0123456789abcdef0',
  subnetIds: ['subnet-0123456789abcdef0'],
};
const everything = {
  backupLog: {
    secretArn: logSecret,
    secretKmsKeyArn: kmsKeyArn,
    port: 6432,
    database: 'ops',
    table: 'nights',
  },
  prune: { keep: { daily: 7 } },
  copies: [{ name: 'offsite', url: 's3://acme-offsite/pg', prune: { keep: { daily: 7 } } }],
};
const template = () => templateOf(configuration({ network, ...everything }));

type Function = {
  Description?: string;
  Environment?: { Variables: Record<string, unknown> };
  VpcConfig?: unknown;
  Role: { 'Fn::GetAtt': [string, string] };
};
type Policy = {
  Roles: { Ref: string }[];
  PolicyDocument: { Statement: { Sid?: string; Action: string | string[]; Resource: unknown }[] };
};

const functionsOf = (made: ReturnType<typeof template>) =>
  (Object.values(resources(made, 'AWS::Lambda::Function')) as unknown as Function[]).filter(
    ({ Description }) => Description?.startsWith('pgproof:') === true,
  );

function statementsOf(made: ReturnType<typeof template>, { Role }: Function) {
  const [role] = Role['Fn::GetAtt'];
  return (Object.values(resources(made, 'AWS::IAM::Policy')) as unknown as Policy[])
    .filter(({ Roles }) => Roles.some(({ Ref }) => Ref === role))
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

describe('the log table', () => {
  test('one function has the secret and the way; the others publish to the topic, and that is all', () => {
    const made = template();
    const functions = functionsOf(made);
    const writer = functions.filter(({ Description }) => Description === 'pgproof: writes the log table');
    const others = functions.filter((one) => !writer.includes(one));
    expect(writer).toHaveLength(1);
    expect(others.length).toBe(5);
    for (const one of others) {
      const { Variables } = one.Environment ?? { Variables: {} };
      expect(Variables[logEventsEnvironment.logTopicArn], one.Description).toBeDefined();
      const statements = statementsOf(made, one);
      expect(JSON.stringify([statements, Variables])).not.toContain('monitoring-AbCdEf');
      const published = statements.filter(({ Action }) => [Action].flat().includes('sns:Publish'));
      expect(published).toHaveLength(1);
      expect(published[0]?.Resource).toEqual([
        expect.objectContaining({ Ref: expect.stringMatching(/^Alerts/) }),
        Variables[logEventsEnvironment.logTopicArn],
      ]);
    }
    const [log] = writer;
    expect(log?.Environment?.Variables).toMatchObject({
      [logEnvironment.secretArn]: logSecret,
      [logEnvironment.port]: '6432',
      [logEnvironment.database]: 'ops',
      [logEnvironment.schema]: 'public',
      [logEnvironment.table]: 'nights',
    });
    expect(log?.VpcConfig).toBeDefined();
    const rights = log === undefined ? [] : statementsOf(made, log);
    const actions = rights.flatMap(({ Action }) => Action);
    expect(actions.filter((action) => action.startsWith('s3:'))).toEqual([]);
    expect(actions).toContain('secretsmanager:GetSecretValue');
    expect(rights.find(({ Sid }) => Sid === 'SecretKey')?.Resource).toBe(kmsKeyArn);
  });

  test('its port is let out, and its messages stay in order until they are written', () => {
    const made = template();
    const groups = JSON.stringify(resources(made, 'AWS::EC2::SecurityGroup'));
    expect(groups).toContain('"ToPort":6432');
    for (const topic of Object.values(resources(made, 'AWS::SNS::Topic')).filter((one) =>
      JSON.stringify(one).includes('FifoTopic'),
    ))
      expect(topic).toMatchObject({ FifoTopic: true, KmsMasterKeyId: expect.anything() });
    made.hasResourceProperties('AWS::SQS::Queue', {
      FifoQueue: true,
      VisibilityTimeout: 360,
      RedrivePolicy: { maxReceiveCount: 50 },
    });
    made.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'sqs', RawMessageDelivery: true });
    made.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
  });

  test('without it there is no topic for it, no function and no variable', () => {
    const made = templateOf(configuration({ prune: everything.prune, copies: everything.copies }));
    expect(JSON.stringify(made.toJSON())).not.toContain(logEventsEnvironment.logTopicArn);
    expect(functionsOf(made)).toHaveLength(5);
    made.resourceCountIs('AWS::Lambda::EventSourceMapping', 0);
  });

  test('without a network it is in none', () => {
    const made = templateOf(configuration({ backupLog: { secretArn: logSecret } }));
    for (const { VpcConfig } of functionsOf(made)) expect(VpcConfig).toBeUndefined();
  });

  test.each([
    [{}, 'backupLog.secretArn'],
    [{ secretArn: logSecret, table: 'x'.repeat(51) }, 'backupLog.table'],
    [{ secretArn: logSecret, url: 'postgres://u:p@h/d' }, 'backupLog'],
  ])('%o is told with its path', (backupLog, path) => {
    expect(() => templateOf(configuration({ backupLog }))).toThrow(path);
  });
});
