/**
 * A clock that all processes of one machine share: the system's monotonic clock. It is read by `performance.now()`,
 * which allocates nothing.
 */
const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** @returns milliseconds on the machine's monotonic clock */
export function readClockMs() {
  return performance.now() + offsetMs;
}
