// `flumen gdp` as a program: what it writes, and how it exits.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const BIN = new URL('../../bin/flumen.js', import.meta.url).pathname;
const golden = (name: string) => new URL(`../vectors/gdp/${name}.gdp`, import.meta.url).pathname;

function gdp(args: string[], input: Uint8Array = Buffer.alloc(0)) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, 'gdp', ...args], { input });
  return { status, stdout, text: stdout.toString(), error: stderr.toString() };
}

describe('flumen gdp', () => {
  it('inspect: a line a packet, and the end', () => {
    const { status, text } = gdp(['inspect', '--json', golden('v24-gap')]);
    expect(status).toBe(0);
    const lines = text.trimEnd().split('\n');
    expect(JSON.parse(lines[0]!)).toMatchObject({ kind: 'event', type: 'stream-start', at: 0 });
    expect(text).toContain('duration=(guint64)18446744073709551615');
    expect(lines.at(-1)).toBe('{"kind":"end","result":"ok","message":null,"at":1263,"packets":9}');
  });

  it('inspect: a fault is the end, with exit 1', () => {
    const { status, text } = gdp(['inspect', golden('c02-payload-bitflip-crc')]);
    expect(status).toBe(1);
    expect(text.trimEnd().split('\n').at(-1)).toMatch(/^ +1282 {2}end .*payload-crc .*checksum/);
  });

  it('inspect: whoever has seen enough may go', () => {
    const { status, stderr } = spawnSync('bash', [
      '-o',
      'pipefail',
      '-c',
      '"$0" "$@" | head -n 1 >&2',
      process.execPath,
      BIN,
      'gdp',
      'inspect',
      golden('v37-webm-vp8-opus'),
    ]);
    expect(stderr.toString()).toMatch(/^ +0 {2}stream-start .*\n$/);
    expect(status).toBe(0);
  });

  it('check: silent for a sound stream, one line for another', () => {
    const bytes = readFileSync(golden('r01-gap-flags'));
    expect(gdp(['check', '-'], bytes)).toMatchObject({ status: 0, text: '', error: '' });
    const skipped = gdp(['check', golden('c30-event-garbage')]);
    expect(skipped).toMatchObject({ status: 0, text: '' });
    expect(skipped.error).toMatch(/^at byte 721: event tag is passed over: the event cannot be read: /);
    expect(gdp(['check', golden('c26-buffer-before-caps')])).toMatchObject({
      status: 1,
      error: 'flumen: GDP packet 2 at byte 563: a buffer comes before the first caps\n',
    });
  });

  it('recode: the same bytes', () => {
    const { status, stdout } = gdp(['recode', golden('v07-webm-vp8')]);
    expect(status).toBe(0);
    expect(stdout.equals(readFileSync(golden('v07-webm-vp8')))).toBe(true);
  });

  it('pay and depay: bytes in, the same bytes out', () => {
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i & 255));
    const paid = gdp(['pay', '--caps', 'audio/mpeg, mpegversion=1', '-'], bytes);
    expect(paid.status).toBe(0);
    expect(gdp(['check', '-'], paid.stdout).status).toBe(0);
    expect(gdp(['depay', '-'], paid.stdout).stdout.equals(bytes)).toBe(true);
  });

  it('says what is wrong with its arguments', () => {
    expect(gdp(['inspect', '/nowhere/x.gdp'])).toMatchObject({ status: 1 });
    expect(gdp(['inspect', '/nowhere/x.gdp']).error).toContain('/nowhere/x.gdp');
    expect(gdp(['pay', '-'])).toMatchObject({ status: 2 });
    expect(gdp(['pay', '--caps', '!', '-']).error).toContain('caps: expected the name of a structure');
  });
});
