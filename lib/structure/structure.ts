/** A structure: a name and typed fields, which is what most events say. */
import { native } from '../native.js';
import { describe } from '../units.js';
import { readText } from './read.js';
import { structureText } from './text.js';
import { type FieldValue, fieldTexts, type StructureParts } from './value.js';

const NAME = /^[A-Za-z][A-Za-z0-9\-/:._+]*$/;

export class Structure implements StructureParts {
  readonly name: string;
  readonly fields: Readonly<Record<string, FieldValue>>;

  constructor(name: string, fields: Readonly<Record<string, FieldValue>> = {}) {
    this.name = name;
    this.fields = fields;
  }

  /** From GStreamer's spelling. Throws a TypeError that says at which byte it cannot be read. */
  static parse(text: string): Structure {
    const [, read] = readText('structure', text);
    const { name, fields } = read as NonNullable<typeof read>;
    return new Structure(name, fields);
  }

  /** In GStreamer's spelling. Throws a TypeError or RangeError that names the field which cannot be written. */
  toString(): string {
    if (typeof this.name !== 'string' || !NAME.test(this.name)) {
      throw new TypeError(`a structure cannot be called ${describe(this.name)}`);
    }
    const text = structureText(this.name, fieldTexts('fields', this.fields, false));
    return native.gdpRead(false, Buffer.from(text))[0];
  }
}
