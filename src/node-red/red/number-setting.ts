/** A setting that must be a number above 0, as editors and hand-written flows have it; else what holds otherwise. */
export function readPositiveNumber(value: unknown, otherwise: number): number {
  const number = Number(value);
  return Number.isFinite(number) && number > 0 ? number : otherwise;
}
