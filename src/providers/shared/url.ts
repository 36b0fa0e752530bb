import { Failure } from "../../core/failure.js";

/** An address under the base URL, whether that ends in a slash or not; its query stays. */
export function joinPath(baseUrl: string, path: string): URL {
  const url = new URL(baseUrl);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
  return url;
}

/** The same where the first part, `v1`, may stand at the end of the base URL already: documents give both. */
export function joinPathOnce(baseUrl: string, part: string, path: string): URL {
  const steps = new URL(baseUrl).pathname.split("/").filter((step) => step !== "");
  return joinPath(baseUrl, steps.at(-1) === part ? path : `${part}/${path}`);
}

/**
 * A name or id as one step of an address.
 * @param what it is, for the error
 * @throws Failure `invalid_request` for dots alone, which would lead elsewhere, and for half a character
 */
export function encodePathSegment(name: string, what: string): string {
  if (/^\.{0,2}$/.test(name) || /\p{Surrogate}/u.test(name)) {
    throw new Failure("invalid_request", `${what} cannot be part of an address. Check it.`);
  }
  return encodeURIComponent(name);
}
