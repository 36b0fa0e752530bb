import type { IncomingMessage } from "node:http";

/** Reads the parameters in the address of a request. Of one that comes twice, the last counts. */
export function readQuery({ url = "" }: IncomingMessage): Record<string, string> {
  const at = url.indexOf("?");
  return at < 0 ? {} : Object.fromEntries(new URLSearchParams(url.slice(at + 1)));
}
