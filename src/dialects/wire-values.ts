/** A time as RFC 3339 has it, in seconds since 1970; 0 where it is none. */
export function toUnixSeconds(value: unknown): number {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? 0 : Math.floor(time / 1000);
}
