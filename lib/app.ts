import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ConfigurationError, parseConfig } from './config/parse.ts';
import { BackupStack } from './stack.ts';

/** Reads the configuration (cdk.json, context key `pgproof`) once and makes the stack that it describes. */
function main(): void {
  const app = new App();
  new BackupStack(app, 'Pgproof', { config: parseConfig(app.node.tryGetContext('pgproof')) });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
}

try {
  main();
} catch (error: unknown) {
  // What is wrong with a configuration is no defect: no stack trace.
  if (!(error instanceof ConfigurationError)) throw error;
  process.stderr.write(`\n${error.message}\n\n`);
  process.exitCode = 2;
}
