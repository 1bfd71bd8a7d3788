/** Types of judge.mjs, for the test of it. */
export interface Growth {
  perHour: number;
  perHourDoubt: number;
  growth: number;
  doubt: number;
  allowed: number;
  zero: boolean;
  grows: boolean;
}

export function judgeGrowth(points: readonly (readonly [number, number])[], allowed: number): Growth;
