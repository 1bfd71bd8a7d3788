/** What the tests of the relay share: the program, its log, and bytes to carry. */
import { createHash, randomBytes } from 'node:crypto';
import { type Program, run, wrote } from '../server/support.js';

export const BIN = new URL('../../bin/flumen.js', import.meta.url).pathname;

/** `flumen relay` with a log that can be read. */
export function relay(...args: string[]): Program {
  return run(process.execPath, [BIN, 'relay', '--log-format', 'json', ...args]);
}

export interface Line {
  msg: string;
  in?: string;
  out?: string;
  address?: string;
  port?: number;
  path?: string;
  error?: string;
  [more: string]: unknown;
}

export function lines(program: Program): Line[] {
  return program.output.stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
}

/** The first line of the log for which `test` holds, once it is there. */
export async function logged(program: Program, test: (line: Line) => boolean): Promise<Line> {
  await wrote(program, ({ stderr }) => stderr.endsWith('\n') && lines(program).some(test));
  return lines(program).find(test) as Line;
}

/** The port on which the relay listens. */
export async function portOf(program: Program): Promise<number> {
  return (await logged(program, ({ msg }) => msg === 'listening')).port as number;
}

/** Bytes like no others: whatever is lost, doubled or swapped shows. */
export function noise(size: number): Buffer {
  return randomBytes(size);
}

export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
