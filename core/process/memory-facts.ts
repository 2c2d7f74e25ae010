import { readFileSync } from 'node:fs';

/**
 * How often the kernel has ended a process for lack of memory: in our own control group where it counts, else on the whole
 * machine. Undefined where the system does not tell, as macOS. Two readings around a program's life say whether memory ran
 * out meanwhile; that a program was killed says nothing of why.
 *
 * @param root where `/proc` and `/sys` are
 */
export function outOfMemoryKills(root = ''): number | undefined {
  for (const path of [...controlGroupFiles(root), `${root}/proc/vmstat`]) {
    const count = /^oom_kill (\d+)$/m.exec(textOf(path))?.[1];
    if (count !== undefined) return Number(count);
  }
  return undefined;
}

/** Version 2 has one line, `0::/path`; version 1 one per controller. In a container the path may be one of the host's. */
function controlGroupFiles(root: string): string[] {
  const groups = textOf(`${root}/proc/self/cgroup`);
  const unified = /^0::(.*)$/m.exec(groups)?.[1];
  const memory = /^\d+:(?:[^:\n]*,)?memory(?:,[^:\n]*)?:(.*)$/m.exec(groups)?.[1];
  const at = (directory: string, path: string | undefined, file: string): string[] =>
    path === undefined ? [] : [`${directory}${path}/${file}`, `${directory}/${file}`];
  return [
    ...at(`${root}/sys/fs/cgroup/memory`, memory, 'memory.oom_control'),
    ...at(`${root}/sys/fs/cgroup`, unified, 'memory.events'),
  ];
}

/**
 * Whether memory is refused here only to who asks for more at once than the whole machine has: Linux promises memory
 * without having it (proc(5), overcommit_memory), and ends a process when there is none. Where a limit is set, or promises
 * are kept, a refusal may mean that little is left.
 *
 * @param root where `/proc` is
 */
export function isRefusalForSize(root = ''): boolean {
  const overcommit = textOf(`${root}/proc/sys/vm/overcommit_memory`).trim();
  const limits = textOf(`${root}/proc/self/limits`);
  return (
    (overcommit === '0' || overcommit === '1') &&
    /^Max data size +unlimited/m.test(limits) &&
    /^Max address space +unlimited/m.test(limits)
  );
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
