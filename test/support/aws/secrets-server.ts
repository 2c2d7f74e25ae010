import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listen } from './listener.ts';
import { header, readText } from './wire.ts';

export type SecretsService = {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Stores a secret under its ARN or name; an object is stored as JSON. */
  set(id: string, secret: string | Readonly<Record<string, unknown>>): void;
  remove(id: string): void;
  /** Refuses every call from now on, or no longer. */
  refuse(refused: boolean): void;
};

export type SecretsServer = SecretsService & { readonly url: string; kill(): Promise<void> };

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'x-amzn-requestid': randomUUID(),
  });
  response.end(JSON.stringify(body));
}

/** Secrets Manager's GetSecretValue over JSON 1.1, without a listener of its own. */
export function secretsService(): SecretsService {
  const secrets = new Map<string, string>();
  let refused = false;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const input = JSON.parse((await readText(request)) || '{}') as { SecretId?: string };
    if (header(request, 'x-amz-target') !== 'secretsmanager.GetSecretValue')
      return sendJson(response, 400, {
        __type: 'UnknownOperationException',
        Message: 'This server speaks GetSecretValue only',
      });
    if (refused)
      return sendJson(response, 400, {
        __type: 'AccessDeniedException',
        Message: 'User is not authorized to perform: secretsmanager:GetSecretValue',
      });
    const secret = secrets.get(input.SecretId ?? '');
    if (secret === undefined)
      return sendJson(response, 400, {
        __type: 'ResourceNotFoundException',
        Message: "Secrets Manager can't find the specified secret.",
      });
    sendJson(response, 200, {
      ARN: input.SecretId,
      Name: input.SecretId,
      VersionId: randomUUID(),
      SecretString: secret,
      VersionStages: ['AWSCURRENT'],
      CreatedDate: Date.now() / 1000,
    });
  }

  return {
    handle,
    set(id, secret) {
      secrets.set(id, typeof secret === 'string' ? secret : JSON.stringify(secret));
    },
    remove: (id) => void secrets.delete(id),
    refuse(value) {
      refused = value;
    },
  };
}

/** Runs `use` with a Secrets Manager on a free port, which ends with it. */
export async function withSecretsServer<T>(use: (server: SecretsServer) => Promise<T>): Promise<T> {
  const service = secretsService();
  const { url, kill } = await listen((request, response) => void service.handle(request, response));
  try {
    return await use({ ...service, url, kill });
  } finally {
    await kill();
  }
}
