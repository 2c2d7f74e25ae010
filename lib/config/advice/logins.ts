import { type Advice, arnOfKey, portNumber } from '../../../core/config/advice/recurring.ts';

/** How a function logs in at a server. */
export const ofLogins: Readonly<Record<string, Advice>> = {
  'sources.*': {
    expected: 'an object with name, schedules, and secretArn or iam',
    fix: 'See the example in docs/configuration.md.',
  },
  'sources.*.secretArn': {
    expected: 'arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-XXXXXX',
    fix: 'Copy the whole ARN of the secret, with the six characters at its end.',
  },
  'sources.*.secretKmsKeyArn': arnOfKey,
  'sources.*.iam': {
    expected: 'an object with host, user, resourceId and, if it is not 5432, port',
    fix: 'Give these, or secretArn instead.',
  },
  'sources.*.iam.host': { expected: 'a host name', fix: "Give the endpoint's name, as RDS shows it." },
  'sources.*.iam.port': portNumber,
  'sources.*.iam.user': {
    expected: 'the name of a role, without * and ?',
    fix: 'Name the role that was granted rds_iam.',
  },
  'sources.*.iam.resourceId': {
    expected: 'db-…, cluster-… or prx-…',
    fix: 'Copy the resource id (not the name) from the Configuration tab of the RDS console.',
  },
};
