import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { type Listener, listen } from '../aws/listener.ts';

/** An error as Lambda hands it to a caller, a failure destination, or the console. */
export type LambdaError = {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
};

export type Outcome =
  | { readonly result: unknown; readonly error?: undefined }
  | { readonly result?: undefined; readonly error: LambdaError };

export type RuntimeApi = {
  /** For AWS_LAMBDA_RUNTIME_API: `host:port`, without a path. */
  readonly host: string;
  /** Puts an event before the process that asks for the next one; resolves when that asks for another. */
  invoke(event: unknown, timeoutMs: number): { readonly id: string; readonly outcome: Promise<Outcome> };
  /** Ends the invocation under way for a reason that is not the function's: the process is gone, or time is up. */
  fail(errorType: string, errorMessage: string): void;
  kill(): Promise<void>;
};

type Invocation = {
  readonly id: string;
  readonly body: string;
  readonly timeoutMs: number;
  readonly settle: (outcome: Outcome) => void;
  posted?: Outcome;
};

export type RuntimeApiEvents = {
  /** The process waits for an event: Lambda freezes it. */
  readonly onIdle: () => void;
  /** An event is about to be handed to it: Lambda thaws it. */
  readonly onEvent: () => void;
};

/** Lambda's Runtime API for one process: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html */
export async function startRuntimeApi(functionArn: string, events: RuntimeApiEvents): Promise<RuntimeApi> {
  let waiting: ServerResponse | undefined;
  let current: Invocation | undefined;

  function settle(outcome: Outcome): void {
    const ended = current;
    current = undefined;
    ended?.settle(outcome);
  }

  function hand(): void {
    if (waiting === undefined || current === undefined) return;
    const response = waiting;
    waiting = undefined;
    events.onEvent();
    response.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': current.id,
      'lambda-runtime-deadline-ms': Date.now() + current.timeoutMs,
      'lambda-runtime-invoked-function-arn': functionArn,
    });
    response.end(current.body);
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').replace('/2018-06-01/runtime', '');
    if (path === '/invocation/next') {
      waiting = response;
      events.onIdle();
      if (current?.posted !== undefined) settle(current.posted);
      hand();
      return;
    }
    const body = await text(request);
    if (path === '/init/error') settle({ error: JSON.parse(body) as LambdaError });
    else if (current !== undefined && path === `/invocation/${current.id}/response`)
      current.posted = { result: JSON.parse(body) };
    else if (current !== undefined && path === `/invocation/${current.id}/error`)
      current.posted = { error: JSON.parse(body) as LambdaError };
    else {
      response.writeHead(400).end();
      return;
    }
    response.writeHead(202).end();
  }

  const { url, kill }: Listener = await listen((request, response) => void handle(request, response));
  return {
    host: new URL(url).host,
    invoke(event, timeoutMs) {
      const id = randomUUID();
      const outcome = new Promise<Outcome>((resolve) => {
        current = { id, body: JSON.stringify(event), timeoutMs, settle: resolve };
      });
      hand();
      return { id, outcome };
    },
    fail(errorType, errorMessage) {
      waiting = undefined;
      settle({ error: { errorType, errorMessage: `RequestId: ${current?.id} Error: ${errorMessage}` } });
    },
    kill,
  };
}
