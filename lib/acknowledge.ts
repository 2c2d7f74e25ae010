import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** As cdk-nag spells a resource in the names of its findings: `<Bucket83908E77.Arn>/orders-prod/*`. */
function spell(node: unknown): string {
  if (typeof node !== 'object' || node === null) return String(node);
  const [kind, value] = Object.entries(node)[0] ?? [];
  if (kind === 'Fn::Join' && Array.isArray(value)) return value[1].map(spell).join(value[0]);
  if (kind === 'Fn::GetAtt' && Array.isArray(value)) return `<${value.join('.')}>`;
  return kind === 'Ref' ? `<${value}>` : JSON.stringify(node);
}

/**
 * Tells cdk-nag that a wildcard in the resources of `scope`'s policy is meant. One by one: acknowledging the rule would
 * hide the next wildcard too.
 */
export function acknowledgeWildcard(scope: IConstruct, resourceArn: string, reason: string): void {
  const spelt = spell(Stack.of(scope).resolve(resourceArn));
  Validations.of(scope).acknowledge({ id: `AwsSolutions-IAM5[Resource::${spelt}]`, reason });
}
