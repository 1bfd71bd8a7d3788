// Every golden file: captures of the real gdppay (v*), streams that the real gdpdepay refuses although they are sound
// (r*), and damaged, hostile and old ones (c*). manifest.json says what is in them, and its advice what to do.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describePacket, jsonLine } from '../../lib/gdp/describe.js';
import { GdpError } from '../../lib/gdp/error.js';
import { GdpParser } from '../../lib/gdp/parser.js';
import { recode } from '../../lib/gdp/recode.js';

const FOLDER = new URL('../vectors/gdp/', import.meta.url);

interface Golden {
  sha256: string;
  bytes: number;
  packets: Record<string, unknown>[];
}

/** JSON whose long numbers come out as strings: they have more digits than a double. */
function exact(json: string): unknown {
  return JSON.parse(json.replace(/:\s*(\d{16,})(?=[,\s}])/g, ':"$1"'));
}

const { files } = exact(readFileSync(new URL('manifest.json', FOLDER), 'utf8')) as {
  files: Record<string, Golden>;
};
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.gdp'));

/** What the advice comes to: the fault, and how many packets come before it. All others are read to their end. */
const FAULTS: Record<string, [fault: string, packets: number]> = {
  'c01-header-bitflip.gdp': ['header-crc', 6],
  'c02-payload-bitflip-crc.gdp': ['payload-crc', 6],
  'c04-truncated-header.gdp': ['truncated-header', 8],
  'c05-truncated-payload.gdp': ['truncated-payload', 8],
  'c08-caps-bitflip-crc.gdp': ['payload-crc', 1],
  'c09-header-crc-zeroed.gdp': ['header-crc', 5],
  'c10-junk-between.gdp': ['bad-version', 6],
  'c12-byte-lost.gdp': ['bad-version', 6],
  'c20-unknown-type-3.gdp': ['bad-type', 4],
  'c21-type-0.gdp': ['bad-type', 4],
  'c23-oversize-unknown-type.gdp': ['bad-type', 4],
  'c24-version-2.0-event.gdp': ['bad-version', 4],
  'c25-version-9.9-caps-buffer.gdp': ['bad-version', 1],
  'c26-buffer-before-caps.gdp': ['no-caps', 2],
  'c28-caps-zero-length.gdp': ['bad-caps', 1],
  'c29-caps-unfixed.gdp': ['bad-caps', 1],
  'c32-http-response.gdp': ['not-gdp', 0],
  'c33-zeros.gdp': ['not-gdp', 0],
  'c35-eos-in-band.gdp': ['after-eos', 5],
  'c43-legacy-0.0.gdp': ['bad-version', 0],
};

/** Events that the advice says to pass over, by the place of their packets. */
const SKIPPED: Record<string, number[]> = {
  'c30-event-garbage.gdp': [4],
  'c39-unknown-event-number.gdp': [4, 5],
  'c40-upstream-event.gdp': [4, 5],
  'c41-legacy-0.2.gdp': [3],
  'r03-toc.gdp': [4],
  'r04-sink-message.gdp': [4],
};

/** Streams whose senders did not write as gdppay does today, so that other bytes come back. */
const REWRITTEN = [
  'c34-reserved-bits.gdp',
  'c36-no-nul.gdp',
  'c41-legacy-0.2.gdp',
  'c42-legacy-0.10-gdp1.0.gdp',
];

interface Read {
  lines: string[];
  recoded: Buffer;
  fault: string | undefined;
  at: number;
}

function read(bytes: Uint8Array, pieceAt: (at: number) => number): Read {
  const parser = new GdpParser();
  const lines: string[] = [];
  const recoded: Uint8Array[] = [];
  const done = (error?: GdpError) => ({
    lines,
    recoded: Buffer.concat(recoded),
    fault: error?.fault,
    at: error?.at ?? bytes.length,
  });
  try {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + pieceAt(at));
      for (const packet of parser.push(piece)) {
        lines.push(jsonLine(describePacket(packet)));
        recoded.push(recode(packet));
      }
      at += piece.length;
    }
    parser.end();
  } catch (error) {
    if (!(error instanceof GdpError)) throw error;
    expect(error.packet).toBe(lines.length);
    return done(error);
  }
  return done();
}

/** Numbers of chance that are the same in every run. */
function dice(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % limit;
  };
}

describe.each(names)('%s', (name) => {
  const bytes = readFileSync(new URL(name, FOLDER));
  const golden = files[name]!;
  const whole = read(bytes, () => Math.max(bytes.length, 1));

  it('is the file that the manifest is about', () => {
    expect(bytes.length).toBe(golden.bytes);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(golden.sha256);
  });

  it('ends as it should', () => {
    const [fault, packets] = FAULTS[name] ?? [undefined, golden.packets.length];
    expect(whole.fault).toBe(fault);
    expect(whole.lines.length).toBe(packets);
    const next = golden.packets[packets];
    if (fault !== undefined && next !== undefined) expect(whole.at).toBe(next.at);
  });

  it('has the packets that the manifest says', () => {
    const skipped: number[] = [];
    for (const [i, line] of whole.lines.entries()) {
      const { nonzero_reserved: _, ...expected } = golden.packets[i]!;
      const shown = exact(line) as Record<string, unknown>;
      expect(shown).toMatchObject(expected);
      if (shown.skipped !== undefined) skipped.push(i);
    }
    expect(skipped).toEqual(SKIPPED[name] ?? []);
  });

  it('comes out the same from any pieces', () => {
    if (bytes.length < 2_500) expect(read(bytes, () => 1)).toEqual(whole);
    for (let seed = 0; seed < 8; seed += 1) {
      const roll = dice(seed);
      const most = 1 + roll(700);
      expect(read(bytes, () => 1 + roll(most))).toEqual(whole);
    }
  });

  it('is written again with the same bytes', () => {
    if (whole.fault !== undefined) return;
    expect(whole.recoded.equals(bytes)).toBe(!REWRITTEN.includes(name));
    // What was written is what was read: once more changes nothing.
    const again = read(whole.recoded, () => Math.max(whole.recoded.length, 1));
    expect(again.fault).toBeUndefined();
    expect(again.recoded.equals(whole.recoded)).toBe(true);
  });
});
