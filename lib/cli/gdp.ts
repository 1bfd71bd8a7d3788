/** `flumen gdp`: looks into GDP streams, checks them, writes them again, wraps and unwraps. */
import { createReadStream } from 'node:fs';
import process from 'node:process';
import { Command, Option } from 'commander';
import { describePacket, jsonLine, type Line } from '../gdp/describe.js';
import { GdpEncoder } from '../gdp/encoder.js';
import { GdpError } from '../gdp/error.js';
import { Event } from '../gdp/event.js';
import type { GdpPacket } from '../gdp/packet.js';
import { GdpParser } from '../gdp/parser.js';
import { recode } from '../gdp/recode.js';

const FILE = 'a file, or - for what comes in on stdin';

export function gdpCommand(): Command {
  const command = new Command('gdp')
    .description('Work with streams in the GStreamer Data Protocol.')
    .exitOverride()
    .hook('preAction', () => {
      // Whoever reads has seen enough: `flumen gdp inspect FILE | head`.
      process.stdout.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'EPIPE') process.exit();
        throw error;
      });
    });
  const sub = (name: string, text: string) =>
    command.command(name).description(text).argument('<file>', FILE).exitOverride();
  sub('inspect', 'Show every packet in a line; exit 1 unless the stream is sound.')
    .option('--json', 'one JSON object a line')
    .action((file: string, flags: { json?: boolean }) => inspect(file, flags.json === true));
  sub('check', 'Say nothing and exit 0 when the stream is sound; else say what is wrong, and where.').action(
    check,
  );
  sub('recode', 'Write the stream again from what was read.').action((file: string) => copy(file, recode));
  sub('depay', 'Write the bytes of all frames, without GDP.').action((file: string) =>
    copy(file, (packet) => (packet.kind === 'buffer' ? packet.payload : undefined)),
  );
  sub('pay', 'Wrap bytes into GDP, a frame for each piece that is read.')
    .addOption(
      new Option('--caps <caps>', 'what the bytes are: audio/mpeg, mpegversion=1').makeOptionMandatory(),
    )
    .action((file: string, flags: { caps: string }) => pay(file, flags.caps));
  return command;
}

/** Calls `visit` for every packet. The stream's error, or undefined. Bytes and packets are counted in `seen`. */
async function read(
  file: string,
  visit: (packet: GdpPacket) => Promise<void> | void,
): Promise<{ error: GdpError | undefined; bytes: number; packets: number }> {
  const parser = new GdpParser();
  const seen = { error: undefined as GdpError | undefined, bytes: 0, packets: 0 };
  try {
    for await (const piece of open(file)) {
      for (const packet of parser.push(piece)) {
        await visit(packet);
        seen.packets += 1;
      }
      seen.bytes += piece.length;
    }
    parser.end();
  } catch (error) {
    if (!(error instanceof GdpError)) throw error;
    seen.error = error;
  }
  return seen;
}

function open(file: string): AsyncIterable<Buffer> {
  return file === '-' ? process.stdin : createReadStream(file);
}

async function inspect(file: string, json: boolean): Promise<void> {
  const show = json ? jsonLine : plainLine;
  const { error, bytes, packets } = await read(file, (packet) => write(`${show(describePacket(packet))}\n`));
  const end = {
    kind: 'end',
    result: error?.fault ?? 'ok',
    message: error?.reason ?? null,
    at: error?.at ?? bytes,
    packets,
  };
  await write(`${show(end)}\n`);
  if (error !== undefined) process.exitCode = 1;
}

async function check(file: string): Promise<void> {
  const { error } = await read(file, (packet) => {
    if (packet.kind !== 'event' || packet.skipped === undefined) return;
    process.stderr.write(`at byte ${packet.at}: event ${packet.type} is passed over: ${packet.skipped}\n`);
  });
  if (error !== undefined) throw error;
}

async function copy(file: string, bytesOf: (packet: GdpPacket) => Uint8Array | undefined): Promise<void> {
  const { error } = await read(file, async (packet) => {
    const bytes = bytesOf(packet);
    if (bytes !== undefined) await write(bytes);
  });
  if (error !== undefined) throw error;
}

async function pay(file: string, caps: string): Promise<void> {
  const encoder = new GdpEncoder();
  const head = [
    encoder.event(Event.streamStart({ streamId: 'flumen' })),
    encoder.caps(caps),
    encoder.event(Event.segment({ format: 'bytes' })),
  ];
  await write(Buffer.concat(head));
  let offset = 0n;
  for await (const piece of open(file)) {
    const offsetEnd = offset + BigInt(piece.length);
    await write(Buffer.concat([encoder.frameHeader(piece, { offset, offsetEnd }), piece]));
    offset = offsetEnd;
  }
}

/** Resolves when stdout can take more, so that a slow reader is not buffered for without end. */
function write(bytes: string | Uint8Array): Promise<void> | void {
  if (process.stdout.write(bytes)) return;
  return new Promise((resolve) => process.stdout.once('drain', resolve));
}

const SHOWN = [
  'caps',
  'structure',
  'pts',
  'dts',
  'duration',
  'flag_names',
  'size',
  'skipped',
  'result',
  'message',
];

function plainLine(line: Line): string {
  const values = SHOWN.flatMap((key) => {
    const value = line[key];
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return [];
    return [`${key} ${String(value)}`];
  });
  const kind = String(line.type ?? line.kind);
  return `${String(line.at).padStart(10)}  ${kind.padEnd(13)} ${values.join('  ')}`.trimEnd();
}
