import { Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { postgresPort, type TlsMode } from '../core/vocabulary.ts';
import { restoreEnvironment } from '../functions/restore/contract.ts';
import { authoritiesPath } from './authorities-layer.ts';
import { definedOnly } from './defined-only.ts';
import { egressGroup, type WaysOut } from './egress.ts';
import { bundledFunction, type SourceFunctionProps } from './function.ts';
import { mayPublish, mayReadSecret, objectWildcards, onObjects } from './rights.ts';

export interface RestoreFunctionProps extends SourceFunctionProps {
  /** Where the servers and AWS are, for a security group of its own. */
  readonly peers?: Omit<WaysOut, 'ports'> | undefined;
  /** Of the servers that may be restored into; the first is the one where the event names none. */
  readonly secrets: readonly ISecret[];
  /** Of the first secret's server, where the secret does not say. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly sslMode?: TlsMode | undefined;
}

/**
 * The function that restores a source's backups, started by hand only. It reads backups and cannot write any; what it
 * may do in a database is what the role of the secret may. Made inside `scope`, which should hold nothing else.
 */
export function restoreFunction(scope: Construct, props: RestoreFunctionProps): LambdaFunction {
  const { place, topic, secrets, vpc, sourceName } = props;
  const names = restoreEnvironment;
  const [own] = secrets;
  if (own === undefined) {
    throw new Error(
      `The restore function of ${sourceName} has no server to restore into: got no secret (expected at least one). Give restore.secrets.`,
    );
  }
  return bundledFunction(scope, {
    ...props,
    description: `pgproof: restores backups of ${sourceName}, by hand`,
    environment: definedOnly({
      [names.source]: sourceName,
      [names.store]: props.storeUrl,
      [names.secretArn]: own.secretFullArn ?? own.secretArn,
      [names.host]: props.host,
      [names.port]: props.host === undefined ? undefined : props.port?.toString(),
      [names.sslMode]: props.sslMode,
      [names.rootCert]: props.authorities && authoritiesPath,
      [names.topicArn]: topic.topicArn,
    }) as Record<string, string>,
    statements: [
      ...onObjects('restore', place),
      ...secrets.flatMap((secret, index) =>
        mayReadSecret(scope, secret, index === 0 ? '' : String(index + 1)),
      ),
      ...mayPublish(topic),
    ],
    wildcards: objectWildcards('restore', place),
    securityGroups:
      props.securityGroups ??
      (vpc && [egressGroup(scope, vpc, { ...props.peers, ports: [props.port ?? postgresPort] })]),
    // A restore that failed half way must not be begun again by itself.
    retryAttempts: 0,
    maxEventAge: Duration.minutes(15),
  });
}
