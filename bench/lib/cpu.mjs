// CPU time of a process by thread, in nanoseconds. /proc/…/schedstat counts exactly, unlike the 10 ms ticks of /proc/…/stat.
import { readdirSync, readFileSync } from 'node:fs';

function threadCpu(pid, tid) {
  try {
    const ns = Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'latin1').split(' ')[0]);
    return { ns, name: readFileSync(`/proc/${pid}/task/${tid}/comm`, 'latin1').trim() };
  } catch {
    return { ns: 0, name: '' }; // the thread has just ended
  }
}

/** CPU so far: of the main thread (JavaScript's), of the package's own threads, and of all threads together. */
export function cpuNow(pid = process.pid) {
  const all = { mainNs: 0, loopNs: 0, cpuNs: 0 };
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    const { ns, name } = threadCpu(pid, tid);
    all.cpuNs += ns;
    if (Number(tid) === pid) all.mainNs = ns;
    else if (name.startsWith('flumen')) all.loopNs += ns;
  }
  return all;
}

export function cpuSince(before, pid = process.pid) {
  const now = cpuNow(pid);
  return {
    mainNs: now.mainNs - before.mainNs,
    loopNs: now.loopNs - before.loopNs,
    cpuNs: now.cpuNs - before.cpuNs,
  };
}
