// Child processes: quiet while all is well, everything they said when it is not.
import { spawn } from 'node:child_process';
import process from 'node:process';
import { root } from './project.mjs';

/** A step of the house that failed. Its text is meant for the person at the terminal: no stack is printed. */
export class StepFailed extends Error {}

/**
 * Runs a command to its end and collects stdout and stderr, in the order they came.
 * Resolves with `{ code, output }`; `code` is 127 when the command does not exist and 128 after a signal.
 * With `live` the output goes to the terminal as it comes as well.
 */
export function run(command, args, { cwd = root, env = {}, live = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const take = (stream, to) => {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
        if (live) to.write(text);
      });
    };
    take(child.stdout, process.stdout);
    take(child.stderr, process.stderr);
    child.on('error', (error) => resolve({ code: 127, output: `${command}: ${error.message}\n` }));
    child.on('close', (code, signal) => {
      if (signal) output += `${command}: ended by ${signal}\n`;
      resolve({ code: code ?? 128, output });
    });
  });
}

/** As `run`, but a non-zero exit is a StepFailed that carries the whole output. Resolves with the output. */
export async function must(what, command, args, options) {
  const { code, output } = await run(command, args, options);
  if (code === 0) return output;
  const said = options?.live ? '' : `${output.trimEnd()}\n`;
  const line = [command, ...args].join(' ');
  const shownLine = line.length > 300 ? `${line.slice(0, 300)}…` : line;
  throw new StepFailed(`${said}${what} failed: ${shownLine} (exit ${code})`);
}

/** Runs a script's main function: a StepFailed is printed and ends the process with 1, anything else is a bug and throws. */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** `12.3 s`, for headings. */
export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
