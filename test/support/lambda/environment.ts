/** One function as Lambda would lay it out: where its code lies, and where it may write. */
export type LambdaLayout = {
  readonly functionName: string;
  readonly taskRoot: string;
  readonly temporary: string;
};

/**
 * All that Lambda's Node.js runtime sets, and what the construct sets for every function; nothing of this machine's.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
 */
export function lambdaEnvironment({
  functionName,
  taskRoot,
  temporary,
}: LambdaLayout): Record<string, string> {
  return {
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
    // Not Lambda's, where /tmp belongs to one function alone: here it must be one of its own.
    TMPDIR: temporary,
    // Of the user that Lambda runs functions as: it is not there, and cannot be made.
    HOME: '/home/sbx_user1051',
    _HANDLER: 'index.handler',
    LAMBDA_TASK_ROOT: taskRoot,
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_FUNCTION_NAME: functionName,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: '2026/11/20/[$LATEST]0123456789abcdef0123456789abcdef',
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    NODE_OPTIONS: '--enable-source-maps',
  };
}
