// What the kernel says about the machine and its TCP: for the head of a report and for differences over a run.
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

export function machine() {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
}

/** Counters of /proc/net/netstat's TcpExt, by name. */
export function tcpExt() {
  const [names, values] = readFileSync('/proc/net/netstat', 'latin1')
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' ').slice(1));
  return Object.fromEntries(names.map((name, i) => [name, Number(values[i])]));
}

/** Kernel memory of all TCP sockets in bytes (/proc/net/sockstat counts pages). */
export function tcpMemoryBytes() {
  const match = /^TCP:.* mem (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'latin1'));
  return Number(match?.[1] ?? 0) * 4096;
}

export function rssBytes(pid) {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return Number(match?.[1] ?? 0) * 1024;
}
