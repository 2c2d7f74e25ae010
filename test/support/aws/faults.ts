import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WireError } from './wire.ts';

export type FaultAction =
  /** 503 SlowDown, as a throttled bucket answers. */
  | 'slowDown'
  /** 500 InternalError. */
  | 'internalError'
  /** 200, with an InternalError inside, as a copy that fails late. */
  | 'errorInside'
  /** 403 AccessDenied. */
  | 'accessDenied'
  /** 409 ConditionalRequestConflict. */
  | 'conflict'
  /** 501 NotImplemented, as services answer that do not know a condition. */
  | 'notImplemented'
  /** The connection is reset after `afterBytes` of the body (the request's, or the response's for GetObject). */
  | 'reset'
  /** Nothing more is read or sent after `afterBytes`; for `delayMs` if given, else until the server ends. */
  | 'stall'
  /** One byte is flipped on the way, at offset `afterBytes`. */
  | 'corruptByte'
  /** Half of the keys of a DeleteObjects are deleted, and the connection reset. */
  | 'halfway'
  /** The work is done, and the connection reset before the answer. */
  | 'lostResponse';

export type Fault = {
  /** S3's name of the operation, such as `UploadPart`. @default every one */
  readonly operation?: string | undefined;
  /** How often; default 1. */
  readonly times?: number | undefined;
  readonly action: FaultAction;
  readonly afterBytes?: number | undefined;
  readonly delayMs?: number | undefined;
  /** Lets so many calls of the operation pass first. */
  readonly skip?: number | undefined;
};

type Armed = { readonly fault: Fault; left: number; toSkip: number };

/** The misbehaviour that a test has asked for. */
export class Faults {
  readonly #armed: Armed[] = [];

  add(fault: Fault): void {
    this.#armed.push({ fault, left: fault.times ?? 1, toSkip: fault.skip ?? 0 });
  }

  clear(): void {
    this.#armed.length = 0;
  }

  /** The fault that this call meets; each call uses one up. */
  take(operation: string): Fault | undefined {
    for (const armed of this.#armed) {
      if (armed.left <= 0 || (armed.fault.operation ?? operation) !== operation) continue;
      if (armed.toSkip > 0) {
        armed.toSkip -= 1;
        continue;
      }
      armed.left -= 1;
      return armed.fault;
    }
    return undefined;
  }
}

/** Ends the call where the fault is a plain error answer. */
export function throwIfRefused(fault: Fault | undefined): void {
  switch (fault?.action) {
    case 'slowDown':
      throw new WireError(503, 'SlowDown', 'Please reduce your request rate.');
    case 'internalError':
      throw new WireError(500, 'InternalError', 'We encountered an internal error. Please try again.');
    case 'accessDenied':
      throw new WireError(403, 'AccessDenied', 'User is not authorized to perform this action');
    case 'conflict':
      throw new WireError(409, 'ConditionalRequestConflict', 'A conflicting operation is in progress');
    case 'notImplemented':
      throw new WireError(
        501,
        'NotImplemented',
        'A header you provided implies functionality that is not implemented',
      );
    default:
  }
}

/** Passes the bytes on, misbehaving at the fault's offset. */
export async function* withFault(
  source: AsyncIterable<Buffer>,
  fault: Fault | undefined,
  request: IncomingMessage,
): AsyncGenerator<Buffer> {
  const at = fault?.afterBytes ?? 0;
  const flips = fault?.action === 'corruptByte';
  const breaks = fault?.action === 'reset' || fault?.action === 'stall';
  let offset = 0;
  for await (const chunk of source) {
    const end = offset + chunk.length;
    const met = fault !== undefined && at >= offset && at < end;
    offset = end;
    if (met && flips) {
      const damaged = Buffer.from(chunk);
      const index = at - (end - chunk.length);
      damaged[index] = (damaged[index] ?? 0) ^ 0x01;
      yield damaged;
    } else if (met && breaks) {
      const before = chunk.subarray(0, at - (end - chunk.length));
      if (before.length > 0) yield before;
      await breakOff(fault, request);
      yield chunk.subarray(before.length);
    } else {
      yield chunk;
    }
  }
  // A body shorter than the offset, or none at all: the fault happens at its end.
  if (fault !== undefined && breaks && at >= offset) await breakOff(fault, request);
}

/** Resets the connection, or holds it still. */
export async function breakOff(fault: Fault, request: IncomingMessage): Promise<void> {
  // Node takes the socket away from a request whose connection is gone.
  const socket: Socket | null = request.socket;
  if (socket === null || socket.destroyed || fault.action !== 'stall') {
    socket?.resetAndDestroy();
    throw new WireError(0, 'ConnectionReset', 'reset on purpose');
  }
  await new Promise<void>((resolve, reject) => {
    const timer = fault.delayMs === undefined ? undefined : setTimeout(resolve, fault.delayMs);
    socket.once('close', () => {
      clearTimeout(timer);
      reject(new WireError(0, 'ConnectionReset', 'the client went away'));
    });
  });
}
