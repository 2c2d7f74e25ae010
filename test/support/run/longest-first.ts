import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take long wherever they run, the longest first. */
const long = [
  'test/integration/functions/verify-handler.test.ts',
  'test/integration/core/verify/verify-archives.test.ts',
  'test/integration/core/verify/prove/verify-restore.test.ts',
  'test/integration/cli/backup.test.ts',
  'test/integration/core/restore/everything.test.ts',
  'test/integration/cli/restore.test.ts',
  'test/integration/cli/interrupt.test.ts',
  'test/integration/cli/odd-names.test.ts',
  'test/integration/functions/backup-handler.test.ts',
  'test/integration/cli/usage.test.ts',
  'test/integration/cli/demo/start.test.ts',
  'test/integration/core/backup/failures.test.ts',
  'test/integration/core/verify/through-root.test.ts',
  'test/integration/cases/cases.test.ts',
  'test/integration/cli/failures.test.ts',
  'test/integration/core/backup/backup.test.ts',
  'test/integration/core/postgres/server/private-server.test.ts',
  'test/integration/core/verify/prove/missing-here.test.ts',
  'test/integration/core/verify/under-load.test.ts',
];

/**
 * Long files before short ones, else a last one of minutes keeps one worker busy while the others have nothing to do.
 * Vitest does so by itself where it has seen the files run before, and in a fresh clone goes by their size.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const { root } = this.ctx.config;
    const place = (file: TestSpecification): number => {
      const index = long.indexOf(relative(root, file.moduleId));
      return index === -1 ? long.length : index;
    };
    return sorted.sort((a, b) => place(a) - place(b));
  }
}
