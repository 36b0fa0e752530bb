import { Failure } from "../../core/failure.js";

/** Appends a path to a base URL, with one slash between them. The query of the base URL stays. */
export function joinPath(baseUrl: string, path: string): URL {
  const url = new URL(baseUrl);
  url.pathname = `${trimSlashes(url.pathname)}/${path}`;
  return url;
}

/** Removes the slashes at the end of a path. */
export function trimSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  return path.slice(0, end);
}

/** Appends `prefix` and `path`, or `path` alone if the base URL ends in `prefix`: documentation shows both forms. */
export function joinPathOnce(baseUrl: string, prefix: string, path: string): URL {
  const segments = new URL(baseUrl).pathname.split("/").filter((segment) => segment !== "");
  return joinPath(baseUrl, segments.at(-1) === prefix ? path : `${prefix}/${path}`);
}

/**
 * Encodes a name or id as one segment of a URL's path.
 * @param label what the name is, for the error: "The name of the deployment"
 * @throws Failure `invalid_request` for `""`, `.` and `..`, which lead to another address, and for half a surrogate pair
 */
export function encodePathSegment(name: string, label: string): string {
  if (/^\.{0,2}$/.test(name) || /\p{Surrogate}/u.test(name)) {
    throw new Failure("invalid_request", `${label} cannot be part of an address. Check it.`);
  }
  return encodeURIComponent(name);
}
