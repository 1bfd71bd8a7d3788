// CPU time of this process by thread, in nanoseconds. /proc/…/schedstat counts exactly, unlike the 10 ms ticks of /proc/…/stat.
import { readdirSync, readFileSync } from 'node:fs';

function threadCpuNs(tid) {
  try {
    return Number(readFileSync(`/proc/self/task/${tid}/schedstat`, 'latin1').split(' ')[0]);
  } catch {
    return 0; // the thread has just ended
  }
}

/** CPU so far: the main thread (the one JavaScript runs on) and all threads together. */
export function cpuNow() {
  const all = { mainNs: 0, cpuNs: 0 };
  for (const tid of readdirSync('/proc/self/task')) {
    const ns = threadCpuNs(tid);
    all.cpuNs += ns;
    if (Number(tid) === process.pid) all.mainNs = ns;
  }
  return all;
}

export function cpuSince(before) {
  const now = cpuNow();
  return { mainNs: now.mainNs - before.mainNs, cpuNs: now.cpuNs - before.cpuNs };
}
