/** Runs one block, in a place of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Block } from './blocks.js';
import { CHECKS } from './checks.js';
import { PATIENCE_MS, Place, type Running } from './place.js';

/** What a program's text is with what its hidden comment adds. */
export const programOf = ({ before, text, after }: Block): string => before + text + after;

/** Rejects with what the block's programs said when one of them fails, or the check does. */
export async function runBlock(app: string, block: Block, files: readonly Block[]): Promise<void> {
  await using place = new Place(app);
  for (const file of files) await place.write(file.file!, programOf(file));
  let late: NodeJS.Timeout | undefined;
  const patience = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error(`still not through after ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    const body = block.language === 'sh' ? runShell(place, block) : runProgram(place, block);
    await Promise.race([body, patience]);
  } catch (error) {
    throw new Error(`${block.page}:${block.line}: ${(error as Error).message}\n${place.said}`);
  } finally {
    clearTimeout(late);
  }
}

async function runProgram(place: Place, block: Block): Promise<void> {
  const name = block.file ?? 'block.mjs';
  await place.write(name, programOf(block));
  const program = place.start(process.execPath, name);
  if (block.run === '') return ended(program);
  await checked(place, block.run!);
  await program.stop();
  if (program.exit !== '0' && program.exit !== 'SIGTERM')
    throw new Error(`told to end it ended with ${program.exit}`);
}

/** `run`: the whole block in one shell. `run=CHECK`: each command in a terminal of its own, as a reader would have it. */
async function runShell(place: Place, { before, text, run }: Block): Promise<void> {
  for (const command of await commandsOf(place, before)) await up(place, command);
  if (run === '') {
    await ended(shell(place, await place.ports.put(text)));
    return;
  }
  const commands = await commandsOf(place, text);
  for (const command of commands.slice(0, -1)) await up(place, command);
  shell(place, commands.at(-1)!);
  await checked(place, run!);
}

const shell = (place: Place, text: string): Running => place.start('bash', '-euo', 'pipefail', '-c', text);

async function commandsOf(place: Place, text: string): Promise<string[]> {
  const lines = (await place.ports.put(text)).replace(/\\\n\s*/g, ' ').split('\n');
  return lines.filter((line) => line.trim() !== '' && !line.startsWith('#'));
}

/** Starts a command; the next may come when it has ended well, or listens on one more of the block's ports. */
async function up(place: Place, command: string): Promise<void> {
  const before = place.ports.listening();
  const running = shell(place, command);
  while (place.ports.listening().every((port) => before.includes(port))) {
    if (running.failed) throw new Error(`it ended with ${running.exit}`);
    if (running.exit !== undefined) return;
    await sleep(50);
  }
}

async function ended(running: Running): Promise<void> {
  await running.exited;
  if (running.failed) throw new Error(`it ended with ${running.exit}`);
}

async function checked(place: Place, run: string): Promise<void> {
  const [, name = '', argument = ''] = /^(\w+):?(.*)$/.exec(run) ?? [];
  const check = CHECKS[name];
  if (check === undefined) throw new Error(`run=${run}: there are only ${Object.keys(CHECKS).join(', ')}`);
  await check(place, argument);
  const failed = place.running.find((running) => running.failed);
  if (failed !== undefined) throw new Error(`it ended with ${failed.exit}`);
}
