import { createCredentialChain, fromEnv, fromHttp } from '@aws-sdk/credential-providers';

/**
 * In the functions' bundles this stands for `@aws-sdk/credential-provider-node` (see build.ts), which every client of
 * the SDK asks for credentials. Lambda gives its role's in environment variables, and where it starts from a snapshot
 * from an endpoint that a variable names; profiles, single sign-on and the like are of no use there.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
export function defaultProvider(): ReturnType<typeof createCredentialChain> {
  return createCredentialChain(fromEnv(), fromHttp());
}
