import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listen } from './listener.ts';
import { element, readText, sendXml } from './wire.ts';

/** One call of Publish, as it came over the wire. */
export type PublishedMessage = {
  readonly topicArn: string;
  readonly subject: string | undefined;
  readonly message: string;
  /** `json` where `message` holds a text per protocol. */
  readonly messageStructure: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  /** Of a FIFO topic. */
  readonly groupId: string | undefined;
};

export type SnsRefusal = 'authorizationError' | 'notFound' | 'throttle' | 'internalError' | 'hang';

export type SnsService = {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Every message that was taken, in order. */
  readonly messages: readonly PublishedMessage[];
  /** Refuses the next `times` calls (default: all from now on). */
  refuse(how: SnsRefusal, times?: number): void;
  accept(): void;
};

export type SnsServer = SnsService & { readonly url: string; kill(): Promise<void> };

const refusals: Record<Exclude<SnsRefusal, 'hang'>, { status: number; code: string; message: string }> = {
  authorizationError: {
    status: 403,
    code: 'AuthorizationError',
    message: 'User is not authorized to perform: SNS:Publish on resource',
  },
  notFound: { status: 404, code: 'NotFound', message: 'Topic does not exist' },
  throttle: { status: 400, code: 'Throttling', message: 'Rate exceeded' },
  internalError: { status: 500, code: 'InternalError', message: 'Internal error' },
};

function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  const type = status < 500 ? 'Sender' : 'Receiver';
  sendXml(
    response,
    status,
    `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error>${element('Type', type)}` +
      `${element('Code', code)}${element('Message', message)}</Error>` +
      `${element('RequestId', randomUUID())}</ErrorResponse>`,
  );
}

function attributesOf(form: URLSearchParams): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (let index = 1; form.has(`MessageAttributes.entry.${index}.Name`); index += 1) {
    const entry = `MessageAttributes.entry.${index}`;
    attributes[form.get(`${entry}.Name`) ?? ''] = form.get(`${entry}.Value.StringValue`) ?? '';
  }
  return attributes;
}

/** Why SNS itself would refuse the call, if it would. */
function invalid(topicArn: string, message: string, subject: string | undefined): string | undefined {
  if (!/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+(\.fifo)?$/.test(topicArn)) return 'TopicArn';
  if (message === '' || Buffer.byteLength(message) > 256 * 1024) return 'Message';
  if (subject !== undefined && !/^[\x21-\x7e][\x20-\x7e]{0,99}$/.test(subject)) return 'Subject';
  return undefined;
}

/** SNS's Publish over the query protocol, without a listener of its own. */
export function snsService(): SnsService {
  const messages: PublishedMessage[] = [];
  let refusal: { how: SnsRefusal; left: number } | undefined;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await readText(request));
    if (form.get('Action') !== 'Publish') {
      sendError(response, 400, 'InvalidAction', 'This server speaks Publish only');
      return;
    }
    if (refusal !== undefined && refusal.left > 0) {
      refusal.left -= 1;
      // A call that hangs is ended by its client, or by the server's end.
      if (refusal.how === 'hang') return;
      const { status, code, message } = refusals[refusal.how];
      sendError(response, status, code, message);
      return;
    }
    const topicArn = form.get('TopicArn') ?? '';
    const message = form.get('Message') ?? '';
    const subject = form.get('Subject') ?? undefined;
    const isOrdered = form.has('MessageGroupId') && form.has('MessageDeduplicationId');
    const wrong =
      topicArn.endsWith('.fifo') === isOrdered ? invalid(topicArn, message, subject) : 'MessageGroupId';
    if (wrong !== undefined) {
      sendError(response, 400, 'InvalidParameter', `Invalid parameter: ${wrong}`);
      return;
    }
    messages.push({
      topicArn,
      subject,
      message,
      messageStructure: form.get('MessageStructure') ?? undefined,
      attributes: attributesOf(form),
      groupId: form.get('MessageGroupId') ?? undefined,
    });
    sendXml(
      response,
      200,
      `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>` +
        `${element('MessageId', randomUUID())}</PublishResult><ResponseMetadata>` +
        `${element('RequestId', randomUUID())}</ResponseMetadata></PublishResponse>`,
    );
  }

  return {
    handle,
    messages,
    refuse(how, times = Number.POSITIVE_INFINITY) {
      refusal = { how, left: times };
    },
    accept() {
      refusal = undefined;
    },
  };
}

/** Runs `use` with an SNS server on a free port, which ends with it. */
export async function withSnsServer<T>(use: (server: SnsServer) => Promise<T>): Promise<T> {
  const service = snsService();
  const { url, kill } = await listen((request, response) => void service.handle(request, response));
  try {
    return await use({ ...service, url, kill });
  } finally {
    await kill();
  }
}
