/**
 * Nothing is left behind: descriptors, native objects and Node's handles are back at the start after thousands of connects
 * and disconnects, after close() at any moment, after a worker's end, and a process can leave at any moment.
 * Everything runs in child processes, whose descriptors are nobody else's, on the built package.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

interface Counts {
  fds: number;
  liveBlocks: number;
  liveClients: number;
  openFds: number;
  handles: Record<string, number>;
}

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  lines: Record<string, unknown>[];
  errors: string;
}

async function runProgram(name: string, ...args: string[]): Promise<Ended> {
  const file = fileURLToPath(new URL(`fd-accounting/${name}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const deadline = setTimeout(() => child.kill('SIGKILL'), 50_000);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(deadline);
  const lines = output.split('\n').filter((line) => line !== '');
  return { code, signal, lines: lines.map((line) => JSON.parse(line)), errors };
}

/** The program must end by itself, without a word on stderr; returns the last thing it said. */
async function verdict(name: string, ...args: string[]): Promise<Record<string, unknown>> {
  const ended = await runProgram(name, ...args);
  expect(ended).toMatchObject({ code: 0, signal: null, errors: '' });
  return ended.lines.at(-1) ?? {};
}

describe('fd accounting', { timeout: 60_000 }, () => {
  it('is back at the start after 10,000 connects and disconnects', async () => {
    const result = await verdict('churn', '10000', '500');
    const [start, open, full, end] = ['start', 'open', 'full', 'end'].map((key) => result[key] as Counts);
    expect(full!.fds).toBeLessThanOrEqual(open!.fds);
    expect(full!.liveClients).toBe(0);
    // The timeline keeps its newest block, and the writer may have begun one more.
    expect(full!.liveBlocks).toBeLessThanOrEqual(start!.liveBlocks + 2);
    expect(end).toEqual(start);
    expect(result.gone).toEqual({ count: 10_000, reasons: { closed: 10_000 } });
  });

  it('is back at the start after close() at any moment', async () => {
    const result = await verdict('close', '140');
    expect(result.end).toEqual(result.start);
    // Exactly one client-removed for each client that was added, whatever the moment.
    expect(result.removed).toEqual([[0], [8], [8], [8], [8], [8], [8]]);
  });

  it('is back at the start after worker.terminate() at any step of the life of a sink', async () => {
    const result = await verdict('terminate', '24');
    expect(result.workerError).toBeUndefined();
    expect(result.end).toEqual(result.start);
  });

  it.each(['added', 'pushing', 'streaming', 'closing', 'event', 'hook', 'thrown', 'alone', 'source'])(
    'lets the process leave with clients connected: %s',
    async (moment) => {
      expect(await verdict('exit', moment)).toEqual({ ready: true });
    },
  );
});
