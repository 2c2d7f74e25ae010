import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { tellText } from '../../../cli/output/edge.ts';
import { styleFor } from '../../../cli/output/style.ts';
import { formatBytes } from '../../../core/text/units.ts';
import type { S3Service } from '../aws/s3-server.ts';
import type { PublishedMessage } from '../aws/sns-server.ts';

const style = styleFor(process.stderr);

export function say(line: string): void {
  tellText(process.stderr, `${line}\n`);
}

export function sayTitle(title: string): void {
  say(`\n${style.bold(style.cyan(title))}`);
}

/** Whatever a function logs goes to standard error, a line per record: standard output is for its result alone. */
export function logToStderr(): void {
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      say(readable(chunk.toString('utf8').trimEnd()));
      done();
    },
  });
  globalThis.console = new Console(sink, sink);
}

/** What Lambda and Powertools add to every record says nothing here. */
const circumstances =
  /^(level|message|timestamp|service|cold_start|function_\w+|sampling_rate|xray_trace_id|_aws)$/;

function readable(text: string): string {
  let logged: unknown;
  try {
    logged = JSON.parse(text);
  } catch {
    return text;
  }
  if (typeof logged !== 'object' || logged === null) return text;
  const record = logged as Readonly<Record<string, unknown>>;
  const rest = Object.entries(record).filter(([key]) => !circumstances.test(key));
  const what = '_aws' in record ? 'METRIC' : `${String(record.level).padEnd(6)} ${String(record.message)}`;
  return [what, ...rest.map(([key, value]) => style.dim(`${key}=${JSON.stringify(value)}`))].join(' ');
}

/** What the topic's subscribers would read in their mail. */
export function sayAlerts(messages: readonly PublishedMessage[]): void {
  sayTitle(`Alerts: ${messages.length === 0 ? 'none' : messages.length}`);
  for (const { subject = '', message } of messages) {
    const { email } = JSON.parse(message) as { readonly email: string };
    const lines = [style.bold(subject), '', ...email.split('\n')];
    say(lines.map((line) => `${style.red('│')} ${line}`.trimEnd()).join('\n'));
  }
}

export function sayStore(s3: S3Service, bucket: string): void {
  const keys = s3.keys(bucket);
  sayTitle(`In the store: ${keys.length === 0 ? 'nothing' : `${keys.length} objects`}`);
  for (const key of keys)
    say(`${formatBytes(s3.object(bucket, key)?.bytes ?? 0).padStart(9)}  s3://${bucket}/${key}`);
}
