/** Response headers; the names are in lower case. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Reads a header: the first value if there are several. */
export function readHeader(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}
