import type { HooksSettings } from '../../config/hooks.ts';
import { messageOf } from '../../errors.ts';
import type { RunListener } from '../run-events.ts';
import { type HookSurroundings, runHook } from './run-hook.ts';
import { emptyRecord, inputsFor, type RunRecord, recordAfter } from './run-record.ts';

export type HooksOptions = HookSurroundings & {
  /** A line for people; without secrets. */
  readonly onWarning: (text: string) => void;
};

/**
 * Starts the user's programs as a run goes on. One at a time, and the run waits for each: a hook after a backup may move or
 * read that backup in peace. None of them can fail a run.
 */
export function hooks(settings: HooksSettings, options: HooksOptions): RunListener {
  const records = new Map<string, RunRecord>();
  let queue: Promise<void> = Promise.resolve();
  return {
    on: (event) => {
      queue = queue.then(async () => {
        const key = JSON.stringify([event.run, event.source]);
        const record = recordAfter(records.get(key) ?? emptyRecord, event);
        if (event.kind === 'run-finished') records.delete(key);
        else records.set(key, record);
        for (const input of inputsFor(record, event)) {
          const hook = settings[input.event];
          if (hook === undefined) continue;
          const failure = await runHook(hook, input, options).catch(messageOf);
          if (failure !== undefined) options.onWarning(`hooks.${input.event}: ${failure}`);
        }
      });
      return queue;
    },
    close: () => queue,
  };
}
