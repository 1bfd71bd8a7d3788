// From single turns to medians, and from medians to the ratios that the project promises.

/** Median of numbers; NaN of none. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const groupBy = (turns) => {
  const groups = new Map();
  for (const turn of turns) groups.set(turn.contender, [...(groups.get(turn.contender) ?? []), turn]);
  return groups;
};

/** One send per push, the condition under which a price per send can be compared. */
const onePerPush = (turn) => Math.abs(turn.sendsPerPush - 1) <= 0.01;

function summarise(name, turns, o) {
  const of = (pick) => median(turns.map(pick));
  const flushesPerSecond = o.flush > 0 ? 1000 / o.flush : o.rate;
  const cores = of((t) => t.cores);
  return {
    contender: name,
    rounds: turns.length,
    wrong: turns.flatMap((t) => t.wrong),
    cores,
    coresMin: Math.min(...turns.map((t) => t.cores)),
    coresMax: Math.max(...turns.map((t) => t.cores)),
    mainPercent: name.startsWith('floor') ? null : of((t) => (t.sent.mainNs / t.sent.cpuNs) * t.cores * 100),
    loopPercent: name === 'ours' ? of((t) => (t.sent.loopNs / t.sent.cpuNs) * t.cores * 100) : null,
    usPerClientFlush: (cores * 1e6) / o.clients / flushesPerSecond,
    usPerSend: of((t) => t.cpuPerSendUs),
    nsPerByte: of((t) => t.cpuPerByteNs),
    sendsPerPush: of((t) => t.sendsPerPush),
    pushed: of((t) => t.sent.frames / (t.sent.planned ?? t.sent.frames)),
    p50Ms: of((t) => t.seen.latency.p50Us) / 1000,
    p99Ms: of((t) => t.seen.latency.p99Us) / 1000,
    maxMs: Math.max(...turns.map((t) => t.seen.latency.maxUs)) / 1000,
    delayP99Ms: turns[0].sent.delay === undefined ? null : of((t) => t.sent.delay.p99Ms),
  };
}

/**
 * Sums up a session. With flush 0 only the rounds count in which both rivals made one send per push: `counted` says how many,
 * and the ratio is per send; else it is the CPU of the same work against the cheaper of the floor's two forms.
 */
export function summariseSession(turns, o) {
  const rows = [...groupBy(turns)].map(([name, group]) => summarise(name, group, o));
  const row = (name) => rows.find((r) => r.contender === name);
  const floors = rows
    .filter((r) => r.contender.startsWith('floor'))
    .sort((a, b) => a.nsPerByte - b.nsPerByte);
  const result = {
    options: o,
    rows,
    wrong: rows.flatMap((r) => r.wrong.map((w) => `${r.contender}: ${w}`)),
    checks: [],
  };
  const ours = row('ours');
  if (ours === undefined) return result;
  const naive = row('naive');
  if (floors.length > 0 && o.flush > 0) {
    const value = ours.nsPerByte / floors[0].nsPerByte;
    result.checks.push({
      what: `CPU of ours / ${floors[0].contender}`,
      value,
      limit: promised(o, 'floor', 1.25),
    });
  }
  if (floors.length > 0 && o.flush === 0) result.checks.push(perSendCheck(turns, o));
  if (naive !== undefined) {
    result.checks.push({
      what: 'CPU per delivered byte, ours / naive',
      value: ours.nsPerByte / naive.nsPerByte,
      limit: promised(o, 'naive', 0.2),
    });
  }
  if (ours.delayP99Ms !== null)
    result.checks.push({
      what: 'event loop delay p99 minus resolution, ms',
      value: ours.delayP99Ms,
      limit: 5,
    });
  return result;
}

/** The limit when the project promises a figure for these options, else undefined: the ratio is shown without a verdict. */
const promised = (o, rival, limit) => (o.promises?.includes(rival) ? limit : undefined);

function perSendCheck(turns, o) {
  const rounds = new Map();
  for (const turn of turns) rounds.set(turn.round, [...(rounds.get(turn.round) ?? []), turn]);
  const good = [...rounds.values()].filter((round) =>
    round.filter((t) => t.contender === 'ours' || t.contender === 'floor').every(onePerPush),
  );
  const of = (name) =>
    median(good.flatMap((round) => round.filter((t) => t.contender === name).map((t) => t.cpuPerSendUs)));
  const what = `CPU per send, ours / floor (${good.length} of ${o.rounds} rounds had one send per push)`;
  return { what, value: of('ours') / of('floor'), limit: 1.3, counted: good.length };
}
