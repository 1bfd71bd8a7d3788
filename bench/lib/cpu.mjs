// CPU time of a process by thread, in nanoseconds. /proc/…/schedstat counts exactly, unlike the 10 ms ticks of /proc/…/stat.
import { readdirSync, readFileSync } from 'node:fs';

function threadCpuNs(pid, tid) {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'latin1').split(' ')[0]);
  } catch {
    return 0; // the thread has just ended
  }
}

/** CPU so far: the main thread (the one JavaScript runs on) and all threads together. */
export function cpuNow(pid = process.pid) {
  const all = { mainNs: 0, cpuNs: 0 };
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    const ns = threadCpuNs(pid, tid);
    all.cpuNs += ns;
    if (Number(tid) === pid) all.mainNs = ns;
  }
  return all;
}

export function cpuSince(before, pid = process.pid) {
  const now = cpuNow(pid);
  return { mainNs: now.mainNs - before.mainNs, cpuNs: now.cpuNs - before.cpuNs };
}
