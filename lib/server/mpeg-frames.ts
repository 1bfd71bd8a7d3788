/** Cuts MPEG audio (ISO 11172-3, 13818-3; layer III) into frames. Enough for a file that we made ourselves. */

/** kbit/s by index, for MPEG 1 and for MPEG 2 and 2.5. */
const BITRATES = [
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
] as const;
const SAMPLE_RATES = [44_100, 48_000, 32_000] as const;

export interface MpegFrame {
  readonly bytes: Buffer;
  /** ns */
  readonly duration: bigint;
}

/** @throws Error that names the offset where no frame begins or a frame is cut off */
export function splitFrames(data: Buffer): MpegFrame[] {
  const frames: MpegFrame[] = [];
  for (let at = 0; at < data.length; ) {
    const frame = frameAt(data, at);
    if (at + frame.length > data.length) throw new Error(`The MPEG audio frame at byte ${at} is cut off`);
    frames.push({ bytes: data.subarray(at, at + frame.length), duration: frame.duration });
    at += frame.length;
  }
  return frames;
}

function frameAt(data: Buffer, at: number): { length: number; duration: bigint } {
  const header = at + 4 <= data.length ? data.readUInt32BE(at) : 0;
  const version = (header >>> 19) & 3;
  const layer = (header >>> 17) & 3;
  const rateIndex = (header >>> 10) & 3;
  const base = SAMPLE_RATES[rateIndex];
  const bitrate = BITRATES[version === 3 ? 0 : 1][(header >>> 12) & 15];
  if (header >>> 21 !== 0x7ff || version === 1 || layer !== 1 || !base || !bitrate) {
    throw new Error(`No MPEG audio frame begins at byte ${at}`);
  }
  const sampleRate = version === 3 ? base : version === 2 ? base / 2 : base / 4;
  const samples = version === 3 ? 1152 : 576;
  const padding = (header >>> 9) & 1;
  return {
    length: Math.floor(((samples / 8) * bitrate * 1000) / sampleRate) + padding,
    duration: BigInt(Math.round((samples * 1e9) / sampleRate)),
  };
}
