import { describe, expect, it } from 'vitest';
import { type DiskUse, diskFilled } from '../../../../../core/postgres/server/disk-filled.ts';

/** 20 GB were free; 1 GB is left of it, and 2 GB should be. */
const nearlyFull: DiskUse = {
  directory: '/scratch',
  roomBytes: 5e9,
  besideBytes: 0,
  bytes: 1e9,
  freeAtStartBytes: 20e9,
  freeBytes: 1e9,
  reserveBytes: 2e9,
};

describe('a disk that fills up', () => {
  it('stops the server that outgrew its room', () => {
    const { problem } = diskFilled({ ...nearlyFull, bytes: 18e9 }) ?? {};
    expect(problem?.what).toContain('takes more room than expected');
    expect(problem?.got).toBe('18 GB in /scratch, 1 GB are free');
  });

  it('stops the server that may have outgrown it by files that are in no directory, and says that others may have', () => {
    const { problem } = diskFilled(nearlyFull) ?? {};
    expect(problem?.what).toContain('may take more room than expected');
    expect(problem?.got).toContain('1 GB in /scratch (at the most 19 GB: so much less is free');
    expect(problem?.got).toContain('what others wrote');
  });

  it('leaves a server alone that cannot be the reason', () => {
    expect(diskFilled({ ...nearlyFull, freeAtStartBytes: 4e9 })).toBeUndefined();
    expect(diskFilled({ ...nearlyFull, besideBytes: 15e9 })).toBeUndefined();
  });

  it('leaves a server alone, however large, while others have room', () => {
    expect(diskFilled({ ...nearlyFull, bytes: 18e9, freeBytes: 2e9 })).toBeUndefined();
  });
});
