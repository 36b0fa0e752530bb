/**
 * A clock that two processes of one machine share: the system's monotonic one, read through `performance.now()`,
 * which costs no allocation.
 */
const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds on the machine's monotonic clock. */
export function now() {
  return performance.now() + offset;
}
