// Durations of single calls, in nanoseconds: what is printed of them.

/** Value that `share` (0..1) of the samples do not exceed; NaN of none. */
export function quantile(samples, share) {
  const sorted = Float64Array.from(samples).sort();
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** Median, 99.9th percentile and longest in microseconds, and how many there were. */
export function pushFigures(samples) {
  return {
    count: samples.length,
    p50Us: quantile(samples, 0.5) / 1000,
    p999Us: quantile(samples, 0.999) / 1000,
    maxUs: quantile(samples, 1) / 1000,
  };
}
