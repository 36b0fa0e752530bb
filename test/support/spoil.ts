/** Changes every value inside an object, as a careless node behind a stream might. */
export function spoil(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    const record = value as Record<string, unknown>;
    spoil(record[key]);
    if (typeof record[key] !== "object") record[key] = "spoilt";
  }
}
