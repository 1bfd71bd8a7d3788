// One build at a time in one checkout: `npm start` in one terminal and `npm test` in another must not run make in the same folder.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { at } from './project.mjs';
import { StepFailed } from './run.mjs';

const lockFile = at('node_modules/.flumen-build.lock');
const patienceMs = 600_000;

/** Runs `body` while this process holds the checkout's build lock. A lock whose owner has died is taken over. */
export async function withBuildLock(body) {
  await acquire(performance.now() + patienceMs);
  try {
    return await body();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

async function acquire(deadline) {
  mkdirSync(at('node_modules'), { recursive: true });
  for (;;) {
    try {
      writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = ownerOfLock();
    if (owner !== undefined && !isAlive(owner)) {
      rmSync(lockFile, { force: true });
      continue;
    }
    if (performance.now() > deadline)
      throw new StepFailed(`another build (process ${owner}) holds ${lockFile}`);
    await sleep(100);
  }
}

// undefined: the lock vanished, or its owner has not written its pid yet.
function ownerOfLock() {
  try {
    return Number(readFileSync(lockFile, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
