/** The few statistics that the bench needs. */

/** The value below which `share` of the sorted values lie. */
export function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** The middle value; `undefined` of nothing. */
export function median(values) {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** A client that received less than this share of the paced deltas has not kept up. */
export const SATURATED = 0.95;
