import { runSimulation } from '@cloud-copilot/iam-simulate';

export type PolicyDocument = {
  readonly Version: string;
  readonly Statement: readonly Readonly<Record<string, unknown>>[];
};

/** One request as IAM sees it. */
export type Asked = {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string | string[]>>;
};

export type Request = Asked & {
  readonly accountId: string;
  readonly roleArn: string;
  readonly identityPolicies: readonly PolicyDocument[];
  readonly resourcePolicy?: PolicyDocument | undefined;
};

/** What AWS would say to a function with this role. @throws Error where the request makes no sense to IAM */
export async function isAllowed(request: Request): Promise<boolean> {
  const { action, resource, context, accountId, roleArn, identityPolicies, resourcePolicy } = request;
  const answer = await runSimulation(
    {
      request: {
        principal: `${roleArn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/function`,
        action,
        resource: { resource, accountId },
        contextVariables: { 'aws:PrincipalArn': roleArn, 'aws:SecureTransport': 'true', ...context },
      },
      identityPolicies: identityPolicies.map((policy, index) => ({ name: `policy ${index}`, policy })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(resourcePolicy === undefined ? {} : { resourcePolicy }),
    },
    {},
  );
  if (answer.resultType === 'error')
    throw new Error(`${action} ${resource}: ${JSON.stringify(answer.errors)}`);
  return answer.overallResult === 'Allowed';
}

export type S3Headers = {
  readonly 'if-none-match'?: string;
  readonly 'if-match'?: string;
  readonly 'x-amz-tagging'?: string;
};

function tagContext(tagging = ''): Readonly<Record<string, string | string[]>> {
  const tags = [...new URLSearchParams(tagging)];
  return {
    's3:RequestObjectTagKeys': tags.map(([key]) => key),
    ...Object.fromEntries(tags.map(([key, value]) => [`s3:RequestObjectTag/${key}`, value])),
  };
}

/**
 * A call of S3 as IAM sees it: the action, and the keys of the condition that it comes with.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
 * @param key of the object; for a listing the prefix
 */
export function s3Asks(operation: string, bucketArn: string, key: string, headers: S3Headers = {}): Asked {
  const resource = `${bucketArn}/${key}`;
  const { 'x-amz-tagging': _, ...conditions } = headers;
  const put = (makesObject: boolean): Asked => ({
    action: 's3:PutObject',
    resource,
    context: {
      's3:ObjectCreationOperation': String(makesObject),
      ...Object.fromEntries(Object.entries(conditions).map(([name, value]) => [`s3:${name}`, value])),
    },
  });
  switch (operation) {
    case 'PutObjectTagging':
      return { action: 's3:PutObjectTagging', resource, context: tagContext(headers['x-amz-tagging']) };
    case 'PutObject':
    case 'CompleteMultipartUpload':
    // Takes the condition for its source only.
    case 'CopyObject':
      return put(true);
    case 'CreateMultipartUpload':
    case 'UploadPart':
    case 'UploadPartCopy':
      return put(false);
    case 'ListObjectsV2':
      return { action: 's3:ListBucket', resource: bucketArn, context: { 's3:prefix': key } };
    case 'ListMultipartUploads':
      // Its prefix is no condition key of the action.
      return { action: 's3:ListBucketMultipartUploads', resource: bucketArn };
    case 'ListParts':
      return { action: 's3:ListMultipartUploadParts', resource };
    case 'HeadObject':
      return { action: 's3:GetObject', resource };
    default:
      return { action: `s3:${operation}`, resource };
  }
}
