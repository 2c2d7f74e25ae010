import type { Config } from './schema.ts';

// AWS's manuals use this account, and RFC 2606 keeps these domains, for examples: neither is anybody's.
const exampleAccount = ':123456789012:';
const exampleDomain = /@example\.(com|net|org)$/i;

/** The paths whose values are still those of the example that cdk.json comes with. */
export function examplesIn({ sources, alerts, copies }: Config): string[] {
  return [
    ...sources.flatMap(({ secretArn }, index) =>
      secretArn?.includes(exampleAccount) ? [`sources[${index}].secretArn`] : [],
    ),
    ...copies.flatMap(({ credentialsSecretArn }, index) =>
      credentialsSecretArn?.includes(exampleAccount) ? [`copies[${index}].credentialsSecretArn`] : [],
    ),
    ...alerts.emails.flatMap((email, index) =>
      exampleDomain.test(email) ? [`alerts.emails[${index}]`] : [],
    ),
  ];
}
