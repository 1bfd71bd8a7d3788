export interface Sample {
  readonly name: string;
  readonly format: string;
  readonly suffix: string;
  readonly type: string;
  readonly video: boolean;
  readonly timed: boolean;
  readonly args: string;
}
export const SAMPLES: readonly Sample[];
export function makeSample(sample: Sample, seconds: number): Buffer;
export function complaints(bytes: Uint8Array): string;
export function beginsWithKeyFrame(bytes: Uint8Array): boolean;
