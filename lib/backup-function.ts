import { Duration } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { checkContact } from '../core/config/contact.ts';
import { formatObjectLock } from '../core/config/object-lock.ts';
import { type AuthKind, type NotifyPolicy, postgresPort } from '../core/vocabulary.ts';
import { backupEnvironment } from '../functions/backup/contract.ts';
import { authoritiesPath } from './authorities-layer.ts';
import { definedOnly } from './defined-only.ts';
import { egressGroup, type WaysOut } from './egress.ts';
import { bundledFunction, type SourceFunctionProps } from './function.ts';
import { logVariables, topicsOf } from './log-rights.ts';
import type { PostgresBackupProps } from './postgres-backup-props.ts';
import { mayConnect, mayPublish, mayReadSecret, objectWildcards, onObjects } from './rights.ts';
import type { TableSelectionProps } from './table-selection-props.ts';

/** The server, as the function is told about it. Either `secret`, or all of host, user and databaseResourceId. */
export type ServerProps = Pick<
  PostgresBackupProps,
  | 'secret'
  | 'host'
  | 'port'
  | 'user'
  | 'databaseResourceId'
  | 'maintenanceDatabase'
  | 'sslMode'
  | 'databases'
  | 'excludeDatabases'
  | keyof TableSelectionProps
  | 'lockWaitTimeout'
  | 'stallTimeout'
  | 'fingerprint'
  | 'rolePasswords'
  | 'contact'
>;

export interface BackupFunctionProps extends SourceFunctionProps {
  /** Where the servers and AWS are, for a security group of its own. */
  readonly peers?: Omit<WaysOut, 'ports'> | undefined;
  readonly server: ServerProps;
  readonly notify: NotifyPolicy;
}

/** How the function logs in: what it is told, and what it may do for it. */
function credentials(
  scope: Construct,
  props: BackupFunctionProps,
): [Record<string, string>, PolicyStatement[]] {
  const { secret, host, user, databaseResourceId } = props.server;
  if (secret !== undefined && databaseResourceId === undefined) {
    const secretArn = secret.secretFullArn ?? secret.secretArn;
    return [{ [backupEnvironment.secretArn]: secretArn }, mayReadSecret(scope, secret)];
  }
  if (secret === undefined && host !== undefined && user !== undefined && databaseResourceId !== undefined) {
    return [
      { [backupEnvironment.auth]: 'iam' satisfies AuthKind },
      [mayConnect(scope, databaseResourceId, user)],
    ];
  }
  throw new Error(
    `The source ${props.sourceName} has no complete way to log in: got ${Object.keys(definedOnly({ secret, host, user, databaseResourceId })).join(', ') || 'nothing'} ` +
      '(expected secret; or host, user and databaseResourceId for IAM authentication). Give exactly one of the two.',
  );
}

function environmentOf(props: BackupFunctionProps): Record<string, string> {
  const { server, place } = props;
  const names = backupEnvironment;
  return definedOnly({
    [names.source]: props.sourceName,
    [names.store]: props.storeUrl,
    [names.topicArn]: props.topic.topicArn,
    [names.notify]: props.notify,
    [names.host]: server.host,
    [names.port]: server.port?.toString(),
    [names.user]: server.user,
    [names.maintenanceDatabase]: server.maintenanceDatabase,
    [names.sslMode]: server.sslMode,
    [names.rootCert]: props.authorities && authoritiesPath,
    ...listsOf(server),
    [names.lockWaitSeconds]: server.lockWaitTimeout?.toSeconds().toString(),
    [names.stallSeconds]: server.stallTimeout?.toSeconds().toString(),
    [names.fingerprint]: server.fingerprint ? 'true' : undefined,
    [names.rolePasswords]: server.rolePasswords === false ? 'false' : undefined,
    [names.contact]: server.contact && checkContact(server.contact),
    [names.objectLock]: place.lock && formatObjectLock(place.lock),
    [names.kmsKeyArn]: place.encryptionKey?.keyArn,
  }) as Record<string, string>;
}

/** Lists are JSON arrays. */
function listsOf(server: ServerProps): Record<string, string | undefined> {
  const keys = [
    'databases',
    'excludeDatabases',
    'schemas',
    'excludeSchemas',
    'excludeTables',
    'excludeTableData',
  ] as const;
  return Object.fromEntries(
    keys.map((key) => [backupEnvironment[key], server[key] && JSON.stringify(server[key])]),
  );
}

/** The function that takes a source's backups. Made inside `scope`, which should hold nothing else. */
export function backupFunction(scope: Construct, props: BackupFunctionProps): LambdaFunction {
  const { vpc, server, place } = props;
  const [login, loginStatements] = credentials(scope, props);
  return bundledFunction(scope, {
    ...props,
    description: `pgproof: backs up ${props.sourceName}`,
    environment: { ...environmentOf(props), ...login, ...logVariables(props.log) },
    statements: [
      ...onObjects('backup', place),
      ...loginStatements,
      ...mayPublish(props.topic, ...topicsOf(props.log)),
    ],
    wildcards: objectWildcards('backup', place),
    securityGroups:
      props.securityGroups ??
      (vpc && [egressGroup(scope, vpc, { ...props.peers, ports: [server.port ?? postgresPort] })]),
    // Once more, a minute later: a server that was failing over is back then, and a night without a backup is worse
    // than a database that is dumped twice. A second retry would mostly repeat the alert.
    retryAttempts: 1,
    maxEventAge: Duration.hours(1),
  });
}
