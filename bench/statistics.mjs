/** The few statistics that the bench needs. */

/** @returns the value below which `share` (0 to 1) of the sorted values lie */
export function computeQuantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** @returns the middle value; `undefined` if there are no values */
export function computeMedian(values) {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function computeMean(values) {
  return values.reduce((sum, value) => sum + value) / values.length;
}

/** A client that received a smaller share of the paced deltas than this is saturated: it did not keep up. */
export const MIN_KEPT_UP = 0.95;
