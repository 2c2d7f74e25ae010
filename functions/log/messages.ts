import * as z from 'zod';
import type { RunEvent } from '../../core/notify/run-events.ts';
import { verdicts } from '../../core/vocabulary.ts';
import { parseEvent } from '../lambda/settings.ts';

/** What SQS hands over of a FIFO queue: in order. Loose: AWS adds fields. */
const sqsEvent = z.looseObject({
  Records: z.array(z.looseObject({ messageId: z.string(), body: z.string() })),
});

const ofRun = {
  run: z.string().min(1),
  at: z.iso.datetime().transform((text) => new Date(text)),
  source: z.string().min(1),
  schedule: z.string().optional(),
};
const ofDatabase = { ...ofRun, database: z.string() };
const ofBackup = { ...ofDatabase, id: z.string() };
const seconds = z.number();
const error = z.string().optional();

/** The events of a run that the table has a place for, as JSON leaves them. */
const events = z.array(
  z.discriminatedUnion('kind', [
    z.object({ ...ofDatabase, kind: z.literal('backup-started') }),
    z.object({
      ...ofBackup,
      kind: z.literal('backup-done'),
      archive: z.string(),
      startedAt: ofRun.at,
      bytes: z.number(),
      rows: z.number().optional(),
      seconds,
    }),
    z.object({ ...ofDatabase, kind: z.literal('backup-failed'), error: z.string(), seconds }),
    z.object({
      ...ofBackup,
      kind: z.literal('verified'),
      verdict: z.enum(verdicts).optional(),
      level: z.string().optional(),
      error,
      seconds,
    }),
    z.object({
      ...ofRun,
      kind: z.literal('run-finished'),
      ok: z.boolean(),
      seconds,
      problems: z.array(z.string()),
    }),
    z.object({ ...ofBackup, kind: z.literal('copied'), to: z.string(), error, seconds }),
    z.object({ ...ofBackup, kind: z.literal('pruned'), store: z.string() }),
  ]),
);

export type LogMessage = {
  readonly messageId: string;
  /** Undefined where it is no message of ours: nobody will ever be able to read it. */
  readonly events: readonly RunEvent[] | undefined;
};

/** @throws BadSettings where it is no event of SQS */
export function messagesOf(event: unknown): LogMessage[] {
  const { Records } = parseEvent(sqsEvent, event, '{"Records": [{"messageId": "1", "body": "[]"}]}');
  return Records.map(({ messageId, body }) => ({ messageId, events: eventsIn(body) }));
}

function eventsIn(body: string): readonly RunEvent[] | undefined {
  try {
    // What JSON leaves out is undefined.
    return events.parse(JSON.parse(body)) as readonly RunEvent[];
  } catch {
    return undefined;
  }
}
