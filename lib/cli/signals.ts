/** SIGINT and SIGTERM end a command in order. */

/** Calls `begin` at the first signal; at the second the process ends as if nobody listened for it. */
export function onFirstSignal(begin: (signal: NodeJS.Signals) => void): { dispose(): void } {
  const dispose = (): void => {
    process.off('SIGINT', first).off('SIGTERM', first);
  };
  const first = (signal: NodeJS.Signals): void => {
    dispose();
    begin(signal);
  };
  process.on('SIGINT', first).on('SIGTERM', first);
  return { dispose };
}
