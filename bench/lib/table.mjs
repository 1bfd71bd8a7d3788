// Prints results as text: one table a session, then what was promised and what came out.

const fixed = (digits) => (value) => (value === null || Number.isNaN(value) ? '' : value.toFixed(digits));

const columns = [
  ['contender', (r) => r.contender],
  ['cores', (r) => fixed(3)(r.cores)],
  ['min..max', (r) => `${fixed(3)(r.coresMin)}..${fixed(3)(r.coresMax)}`],
  ['main %', (r) => fixed(1)(r.mainPercent)],
  ['loop %', (r) => fixed(1)(r.loopPercent)],
  ['us/client/flush', (r) => fixed(2)(r.usPerClientFlush)],
  ['us/send', (r) => fixed(2)(r.usPerSend)],
  ['ns/byte', (r) => fixed(2)(r.nsPerByte)],
  ['sends/push', (r) => fixed(3)(r.sendsPerPush)],
  ['pushed %', (r) => fixed(0)(r.pushed * 100)],
  ['p50 ms', (r) => fixed(1)(r.p50Ms)],
  ['p99 ms', (r) => fixed(1)(r.p99Ms)],
  ['max ms', (r) => fixed(1)(r.maxMs)],
  ['loop delay p99 ms', (r) => fixed(2)(r.delayP99Ms)],
];

/** A table with a heading row, the first column to the left and numbers to the right. */
export function formatTable(heads, rows) {
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i].length)));
  const line = (cells) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd();
  return [line(heads), widths.map((w) => '-'.repeat(w)).join('  '), ...rows.map(line)].join('\n');
}

function formatCheck({ what, value, limit }) {
  if (limit === undefined) return `        ${what}: ${fixed(3)(value)}`;
  return `  ${value <= limit ? 'ok  ' : 'OVER'}  ${what}: ${fixed(3)(value)} (at most ${limit})`;
}

export function formatChecks(checks) {
  return checks.map(formatCheck).join('\n');
}

export function formatSession(summary) {
  const o = summary.options;
  const mbit = (o.clients * o.rate * o.size * 8) / 1e6;
  const title = `${o.clients} clients, ${o.rate} pushes/s of ${o.size} bytes, flush ${o.flush} ms, ${o.loops} loop(s), ${mbit.toFixed(0)} Mbit/s, ${o.rounds} rounds of ${o.seconds} s`;
  const table = formatTable(
    columns.map(([head]) => head),
    summary.rows.map((row) => columns.map(([, cell]) => cell(row))),
  );
  const wrong =
    summary.wrong.length === 0
      ? '  ok    every byte of every sampled client right, nobody dropped'
      : `  WRONG ${summary.wrong.join('; ')}`;
  return [title, table, wrong, formatChecks(summary.checks)].join('\n');
}
