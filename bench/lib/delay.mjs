// Event loop delay of this process: what monitorEventLoopDelay measures contains its own timer's resolution, so it is taken off.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 20;

export function watchDelay() {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  return () => {
    histogram.disable();
    const over = (ns) => Math.max(0, ns / 1e6 - resolutionMs);
    return {
      p50Ms: over(histogram.percentile(50)),
      p99Ms: over(histogram.percentile(99)),
      maxMs: over(histogram.max),
    };
  };
}
