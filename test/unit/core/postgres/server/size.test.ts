import { describe, expect, it } from 'vitest';
import { availableMemory, verificationSettings } from '../../../../../core/postgres/server/size.ts';

const gibibyte = 2 ** 30;
const size = { memoryBytes: 8 * gibibyte, roomBytes: 100 * gibibyte, jobs: 2, cpus: 2 };

describe('verificationSettings', () => {
  it('keeps the write-ahead log small in a small room', () => {
    const walOf = (roomBytes: number): string | undefined =>
      verificationSettings({ ...size, roomBytes }).max_wal_size;
    expect([0, 0.5, 1, 10, 1000].map((room) => walOf(room * gibibyte))).toEqual([
      '32MB',
      '32MB',
      '64MB',
      '640MB',
      '1024MB',
    ]);
  });

  it.each([0.128, 0.5, 2, 10, 64])('leaves memory to others: of %f GiB', (memory) => {
    const memoryBytes = memory * gibibyte;
    for (const jobs of [1, 2, 6, 64]) {
      const settings = verificationSettings({ ...size, memoryBytes, jobs });
      const megabytes = (name: string): number => Number.parseInt(settings[name] ?? '', 10);
      const [shared, perJob] = [megabytes('shared_buffers'), megabytes('maintenance_work_mem')];
      // 16 MB for each is the least that is worth having, however little there is.
      expect(shared).toBeLessThanOrEqual(Math.max(memoryBytes / 2 ** 20 / 8, 16));
      expect(perJob).toBeLessThanOrEqual(Math.max(memoryBytes / 2 ** 20 / 4 / jobs, 16));
      const locks = Number(settings.max_locks_per_transaction) * Number(settings.max_connections) * 270;
      expect(locks).toBeLessThan(Math.max(memoryBytes / 4, 16 * 2 ** 20));
    }
  });

  it('has a connection for every job and more', () => {
    expect(Number(verificationSettings({ ...size, jobs: 6 }).max_connections)).toBeGreaterThan(6 + 3 + 2);
  });
});

describe('availableMemory', () => {
  const machine = { totalBytes: 8 * gibibyte, constrainedBytes: undefined };

  it.each([
    ['what Lambda was given', { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '2048' }, machine, 2],
    ['the limit of the control group', {}, { ...machine, constrainedBytes: gibibyte }, 1],
    ['the machine', {}, machine, 8],
    ['the machine where Node says that the limit is 0', {}, { ...machine, constrainedBytes: 0 }, 8],
    ['the machine where there is no limit', {}, { ...machine, constrainedBytes: 2 ** 64 }, 8],
    ['the machine where the variable says nothing', { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '' }, machine, 8],
  ])('is %s', (_title, env, has, gibibytes) => {
    expect(availableMemory(env, has)).toBe(gibibytes * gibibyte);
  });
});
