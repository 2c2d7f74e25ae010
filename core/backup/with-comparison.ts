import type { Manifest } from '../manifest/manifest.ts';
import { alarmsOf, clusterUnknown, describeAlarm } from './alarms.ts';

/** The manifest with what a comparison with the backup before it says, as warnings of ours. */
export function withComparison(
  manifest: Manifest,
  unread: readonly string[],
  onWarning: (message: string) => void,
): Manifest {
  const lost = clusterUnknown(manifest);
  const messages = [
    ...unread,
    ...(lost === undefined ? [] : [lost]),
    ...alarmsOf(manifest).map((alarm) => {
      const { what, hint } = describeAlarm(alarm, manifest.source);
      return `${what}: ${hint}`;
    }),
  ];
  for (const message of messages) onWarning(message);
  const warnings = messages.map((message) => ({ program: 'pgproof', message }));
  return { ...manifest, warnings: [...(manifest.warnings ?? []), ...warnings] };
}
