// Whether a series of samples grows: a least-squares line through the means of blocks, and how sure that is.

/** Two-sided 95 % quantiles of Student's t by degrees of freedom. */
const T95 = [
  Number.NaN,
  12.71,
  4.3,
  3.18,
  2.78,
  2.57,
  2.45,
  2.36,
  2.31,
  2.26,
  2.23,
  2.2,
  2.18,
  2.16,
  2.14,
  2.13,
];
const t95 = (freedom) => T95[freedom] ?? 1.96 + 2.6 / freedom;

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Means of `count` neighbouring groups of points: neighbouring samples are not independent, blocks nearly are. */
export function blocksOf(points, count) {
  return Array.from({ length: count }, (_, i) => {
    const part = points.slice(
      Math.floor((i * points.length) / count),
      Math.floor(((i + 1) * points.length) / count),
    );
    return [mean(part.map(([x]) => x)), mean(part.map(([, y]) => y))];
  });
}

/**
 * The line through points [seconds, value]: `slope` per second and the half width of its 95 % interval.
 * @throws RangeError with fewer than six points
 */
export function slopeOf(points) {
  if (points.length < 6) throw new RangeError(`a slope needs six samples, there are ${points.length}`);
  const blocks = blocksOf(points, Math.min(20, Math.max(6, Math.floor(points.length / 4))));
  const xMean = mean(blocks.map(([x]) => x));
  const yMean = mean(blocks.map(([, y]) => y));
  const spread = blocks.reduce((sum, [x]) => sum + (x - xMean) ** 2, 0);
  const slope = blocks.reduce((sum, [x, y]) => sum + (x - xMean) * (y - yMean), 0) / spread;
  const residual = blocks.reduce((sum, [x, y]) => sum + (y - yMean - slope * (x - xMean)) ** 2, 0);
  const freedom = blocks.length - 2;
  return { slope, halfWidth: t95(freedom) * Math.sqrt(residual / freedom / spread) };
}

/**
 * Growth of a series over the time it was looked at. `grows`: even the lower end of the 95 % interval is more than `allowed`.
 * `zero`: no growth at all is within the interval.
 */
export function judgeGrowth(points, allowed) {
  const { slope, halfWidth } = slopeOf(points);
  const seconds = points.at(-1)[0] - points[0][0];
  const growth = slope * seconds;
  const doubt = halfWidth * seconds;
  return {
    perHour: slope * 3600,
    perHourDoubt: halfWidth * 3600,
    growth,
    doubt,
    allowed,
    zero: Math.abs(growth) <= doubt,
    grows: growth - doubt > allowed,
  };
}
