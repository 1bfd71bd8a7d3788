/** The short form of `npm run soak`, by its command line: nothing wrong, and everything did happen. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const script = fileURLToPath(new URL('../bench/soak/soak.mjs', import.meta.url));
const leak = fileURLToPath(new URL('soak/leak.mjs', import.meta.url));
const full = process.env.FLUMEN_FULL === '1';

async function soak(minutes: number, clients: number, ...more: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'soak-test-'));
  try {
    const json = join(folder, 'soak.json');
    const args = [
      script,
      '--minutes',
      String(minutes),
      '--clients',
      String(clients),
      '--json',
      json,
      ...more,
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stdout.on('data', (text) => {
      said += text;
    });
    child.stderr.on('data', (text) => {
      said += text;
    });
    const [code] = await once(child, 'close');
    return { code, said, result: JSON.parse(readFileSync(json, 'utf8')) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it('half a minute of everything that can happen to a server', { timeout: 300_000 }, async () => {
  const { code, said, result } = await soak(full ? 3 : 0.35, 1_000);
  expect(code, said).toBe(0);
  expect(result.problems).toEqual([]);
  expect(result.crowd.checked.units).toBeGreaterThan(500_000);
  const happened = { ...result.faults, ...result.crowd.left, ...result.server.removed, ...result.sources };
  for (const what of [
    'sourceCuts',
    'limitChanges',
    'headerChanges',
    'titles',
    'reloads',
    'noDescriptors',
    'sendFaults',
  ])
    expect(happened[what], what).toBeGreaterThan(0);
  for (const what of ['fin', 'reset', 'halfOpen', 'beforeTheAnswer', 'closed', 'ended', 'resetInUnit'])
    expect(happened[what], what).toBeGreaterThan(0);
  expect(result.sends.EAGAIN + result.sends.partial).toBeGreaterThan(0);
});

it.runIf(full)('a server that leaks fails', { timeout: 120_000 }, async () => {
  const { code, result } = await soak(0.4, 100, '--preload', leak);
  expect(code).toBe(1);
  expect(result.problems).toContain("Node's fds grows");
  expect(result.problems).toContain('RSS grows');
});
