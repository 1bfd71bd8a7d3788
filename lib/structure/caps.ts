/** Caps: what the bytes of a stream are, as GStreamer says it. Fixed ones only, for a stream is one thing. */
import { native } from '../native.js';
import { checkKeys, describe } from '../units.js';
import { readText } from './read.js';
import { bufferField, manyField, structureText } from './text.js';
import { type CapsValue, fieldTexts } from './value.js';

const MEDIA_TYPE = /^[A-Za-z][A-Za-z0-9\-/:._+]*$/;
const FEATURE = /^[A-Za-z][A-Za-z0-9:]*$/;

/**
 * Plain data: wherever caps are wanted, an object literal with the same properties will do. What is absent is no
 * property at all.
 */
export class Caps {
  /** The media type: "audio/x-raw", "application/ogg". */
  name: string;
  declare fields?: Readonly<Record<string, CapsValue>>;
  /** Sent to every client, in this order, before its first frame: the stream headers. None: the stream has none. */
  declare streamheader?: readonly Uint8Array[];
  /** Where the frames live, if not in plain memory: "memory:GLMemory". */
  declare features?: readonly string[];

  constructor({ name, fields, streamheader, features }: Omit<Caps, 'toString'>) {
    this.name = name;
    if (fields !== undefined) this.fields = fields;
    if (streamheader !== undefined) this.streamheader = streamheader;
    if (features !== undefined) this.features = features;
  }

  /** From GStreamer's spelling. Throws a TypeError when it cannot be read, or leaves a choice. */
  static parse(text: string): Caps {
    const [, ...structures] = readText('caps', text);
    const [only] = structures;
    if (structures.length !== 1 || only === undefined) {
      throw new TypeError(`caps must be fixed: one structure, not ${structures.length || text}`);
    }
    const { streamheader, ...rest } = only.fields;
    const headers = streamheader instanceof Uint8Array ? [streamheader] : streamheader;
    const usable = Array.isArray(headers) && headers.every((header) => header instanceof Uint8Array);
    const fields = (usable ? rest : only.fields) as Record<string, CapsValue>;
    const caps = new Caps({
      name: only.name,
      ...(Object.keys(fields).length > 0 && { fields }),
      ...(usable && { streamheader: headers }),
      ...(only.features.length > 0 && { features: only.features }),
    });
    fieldTexts('caps.fields', caps.fields, true);
    return caps;
  }

  /** In GStreamer's spelling. Throws as capsText() does. */
  toString(): string {
    const { streamheader = [] } = this;
    const headers = manyField(
      'caps.streamheader',
      streamheader.map((header, i) => bufferField(`caps.streamheader[${i}]`, header)),
      '<',
      '>',
    );
    const text = capsText(this) + (streamheader.length > 0 ? `, streamheader=(buffer)${headers.text}` : '');
    return native.gdpRead(true, Buffer.from(text))[0];
  }
}

/** The text of `caps` without their streamheader. Throws a TypeError or RangeError that names the field. */
export function capsText(caps: Caps): string {
  checkKeys('caps', caps, ['name', 'fields', 'streamheader', 'features']);
  const { name, fields = {}, features = [] } = caps;
  if (typeof name !== 'string' || !MEDIA_TYPE.test(name)) {
    throw new TypeError(`caps.name must be a media type like "audio/mpeg", not ${describe(name)}`);
  }
  if (!Array.isArray(features) || !features.every((feature) => FEATURE.test(feature))) {
    throw new TypeError(
      `caps.features must be an array of names like "memory:DMABuf", not ${describe(features)}`,
    );
  }
  if (typeof fields === 'object' && fields !== null && Object.hasOwn(fields, 'streamheader')) {
    throw new TypeError('caps.fields.streamheader: give it as caps.streamheader');
  }
  const full = features.length === 0 ? name : `${name}(${features.join(', ')})`;
  return structureText(full, fieldTexts('caps.fields', fields, true));
}
