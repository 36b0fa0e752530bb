/** Formats a time as ISO 8601 in UTC, such as `2026-01-31T12:00:00.000Z`. @param seconds since 1970, at most 8.64e12 */
export function formatIsoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
