import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { otherPlaceEnvironment } from '../functions/lambda/contract.ts';
import { definedOnly } from './defined-only.ts';
import { mayReadSecret } from './rights.ts';

/** How a bucket is reached that is not one of the stack's own. */
export interface OtherPlace {
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly pathStyle?: boolean | undefined;
  /** `{"accessKeyId", "secretAccessKey"}`. Where there is none the function's role is who comes. */
  readonly credentials?: ISecret | undefined;
}

/** As the functions read it. */
export function otherPlaceVariables(place: OtherPlace = {}): Record<string, string> {
  const { region, endpoint, pathStyle, credentials } = place;
  const names = otherPlaceEnvironment;
  return definedOnly({
    [names.region]: region,
    [names.endpoint]: endpoint,
    [names.pathStyle]: pathStyle === undefined ? undefined : String(pathStyle),
    [names.credentialsSecretArn]: credentials && (credentials.secretFullArn ?? credentials.secretArn),
  }) as Record<string, string>;
}

/** What the role may do for it. */
export function mayReachOther(scope: Construct, { credentials }: OtherPlace = {}): PolicyStatement[] {
  return credentials === undefined ? [] : mayReadSecret(scope, credentials);
}
