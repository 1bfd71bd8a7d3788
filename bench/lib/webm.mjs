// A live WebM stream around the bench's frames: header, a cluster of unknown size at each key frame, a SimpleBlock a frame
// (RFC 9559). Only its structure is WebM: no decoder would show these pictures, but servers look at structure alone.

const unknownSize = [0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

const uint = (value, bytes) => {
  const out = Buffer.alloc(bytes);
  out.writeUIntBE(value, 0, bytes);
  return out;
};

/** Size of an element in four bytes (RFC 8794, section 4). */
const size4 = (length) => uint(0x1000_0000 + length, 4);

function element(id, ...parts) {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from(id), size4(body.length), body]);
}

/** What every viewer needs first: EBML header, the segment's beginning, one VP8 track. */
export function webmHeader() {
  const ebml = element(
    [0x1a, 0x45, 0xdf, 0xa3],
    element([0x42, 0x86], [1]),
    element([0x42, 0xf7], [1]),
    element([0x42, 0xf2], [4]),
    element([0x42, 0xf3], [8]),
    element([0x42, 0x82], Buffer.from('webm')),
    element([0x42, 0x87], [2]),
    element([0x42, 0x85], [2]),
  );
  const info = element(
    [0x15, 0x49, 0xa9, 0x66],
    element([0x2a, 0xd7, 0xb1], uint(1_000_000, 3)), // ticks of a millisecond
    element([0x4d, 0x80], Buffer.from('bench')),
    element([0x57, 0x41], Buffer.from('bench')),
  );
  const video = element([0xe0], element([0xb0], uint(640, 2)), element([0xba], uint(360, 2)));
  const track = element(
    [0xae],
    element([0xd7], [1]),
    element([0x73, 0xc5], [1]),
    element([0x83], [1]),
    element([0x86], Buffer.from('V_VP8')),
    video,
  );
  const tracks = element([0x16, 0x54, 0xae, 0x6b], track);
  return Buffer.concat([ebml, Buffer.from([0x18, 0x53, 0x80, 0x67, ...unknownSize]), info, tracks]);
}

/** The bytes before frame `seq` of `length` bytes, `rate` frames a second, a key frame every `gop` of them. */
export function webmBlock(seq, length, rate, gop) {
  const key = seq % gop === 0;
  const begun = Math.round(((seq - (seq % gop)) * 1000) / rate);
  const at = Math.round((seq * 1000) / rate) - begun;
  const block = Buffer.concat([
    Buffer.from([0xa3]),
    size4(length + 4),
    Buffer.from([0x81]),
    uint(at, 2),
    Buffer.from([key ? 0x80 : 0]),
  ]);
  if (!key) return block;
  const cluster = Buffer.from([0x1f, 0x43, 0xb6, 0x75, ...unknownSize]);
  return Buffer.concat([cluster, element([0xe7], uint(begun, 6)), block]);
}

/** The longest of them. */
export const webmBlockMax = 64;
