import type { Template } from 'aws-cdk-lib/assertions';
import { type Asked, isAllowed, type PolicyDocument } from '../aws/iam.ts';

type Resource = { readonly Type: string; readonly Properties: Record<string, unknown> };

const accountId = '111122223333';
const region = 'eu-central-1';
const pseudo: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::AccountId': accountId,
  'AWS::Region': region,
  'AWS::URLSuffix': 'amazonaws.com',
};

/** As KMS writes the policy of a new key: the account's own policies decide. */
const leavesItToTheAccount: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${accountId}:root` }, Action: 'kms:*', Resource: '*' },
  ],
};

/** The ARN that a resource of the template would get, named after its logical id. */
function arnOf(id: string, type: string): string {
  const name = id.toLowerCase();
  const regional = (service: string, rest: string): string =>
    `arn:aws:${service}:${region}:${accountId}:${rest}`;
  switch (type) {
    case 'AWS::S3::Bucket':
      return `arn:aws:s3:::${name}`;
    case 'AWS::IAM::Role':
      return `arn:aws:iam::${accountId}:role/${id}`;
    case 'AWS::Lambda::Function':
      return regional('lambda', `function:${id}`);
    case 'AWS::SNS::Topic':
      return regional('sns', id);
    case 'AWS::SQS::Queue':
      return regional('sqs', id);
    case 'AWS::KMS::Key':
      return regional('kms', `key/${name}`);
    case 'AWS::Logs::LogGroup':
      return regional('logs', `log-group:${id}:*`);
    default:
      return regional('unknown', `${type}/${id}`);
  }
}

/** A template as if it had been deployed: its policies with real ARNs, and what they allow. */
export class Deployed {
  readonly #resources: Readonly<Record<string, Resource>>;
  /** As if somebody had attached more to every role, or written more into the bucket's policy. */
  readonly #more: { readonly identity?: PolicyDocument; readonly bucket?: PolicyDocument };

  constructor(
    template: Pick<Template, 'toJSON'>,
    more: { readonly identity?: PolicyDocument; readonly bucket?: PolicyDocument } = {},
  ) {
    this.#resources = template.toJSON().Resources;
    this.#more = more;
  }

  /** The ARN of the one resource of a type whose logical id begins so. */
  arn(type: string, id: string): string {
    const found = this.#ofType(type).find(([one]) => one.startsWith(id));
    if (found === undefined) throw new Error(`The template has no ${type} ${id}`);
    return arnOf(found[0], type);
  }

  /** @param role how the logical id of the role begins */
  async allows(role: string, asked: Asked): Promise<boolean> {
    return await isAllowed({
      ...asked,
      accountId,
      roleArn: this.arn('AWS::IAM::Role', role),
      identityPolicies: [...this.policiesOf(role), ...(this.#more.identity ? [this.#more.identity] : [])],
      resourcePolicy: this.#policyOn(asked.resource),
    });
  }

  /** What is attached to a role, resolved. */
  policiesOf(role: string): PolicyDocument[] {
    return this.#ofType('AWS::IAM::Policy')
      .filter(([id]) => id.startsWith(`${role}DefaultPolicy`))
      .map(([, { Properties }]) => this.resolve(Properties.PolicyDocument) as PolicyDocument);
  }

  /** A value of the template with what CloudFormation would put in. */
  resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one) => this.resolve(one));
    if (typeof value !== 'object' || value === null) return value;
    const [kind, content] = Object.entries(value)[0] ?? [];
    if (kind === 'Ref') return pseudo[content] ?? this.#reference(content);
    if (kind === 'Fn::GetAtt') return this.#attribute(content);
    if (kind === 'Fn::Join') return content[1].map((part: unknown) => this.resolve(part)).join(content[0]);
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.resolve(one)]));
  }

  #ofType(type: string): [string, Resource][] {
    return Object.entries(this.#resources).filter(([, { Type }]) => Type === type);
  }

  /** CloudFormation's Ref is a name; only that of a topic is its ARN. */
  #reference(id: string): string {
    const type = this.#resources[id]?.Type ?? 'unknown';
    if (type === 'AWS::SNS::Topic') return arnOf(id, type);
    return type === 'AWS::S3::Bucket' ? id.toLowerCase() : id;
  }

  #attribute([id, attribute]: [string, string]): string {
    const type = this.#resources[id]?.Type ?? 'unknown';
    return attribute === 'Arn' ? arnOf(id, type) : `${id}.${attribute}`;
  }

  /** The policy of the bucket or key that a resource is, or lies in. */
  #policyOn(resource: string): PolicyDocument | undefined {
    const [, , service] = resource.split(':');
    if (service === 's3') {
      const bucket = resource.replace(/^arn:aws:s3:::/, '').replace(/\/.*/, '');
      const policies = this.#ofType('AWS::S3::BucketPolicy')
        .map(([, { Properties }]) => Properties)
        .filter(({ Bucket }) => this.resolve(Bucket) === bucket)
        .map(({ PolicyDocument }) => this.resolve(PolicyDocument) as PolicyDocument);
      const all = [...policies, ...(this.#more.bucket ? [this.#more.bucket] : [])];
      if (all.length === 0) return undefined;
      return { Version: '2012-10-17', Statement: all.flatMap(({ Statement }) => Statement) };
    }
    if (service !== 'kms') return undefined;
    const key = this.#ofType('AWS::KMS::Key').find(([id, { Type }]) => arnOf(id, Type) === resource);
    return key === undefined
      ? leavesItToTheAccount
      : (this.resolve(key[1].Properties.KeyPolicy) as PolicyDocument);
  }
}
