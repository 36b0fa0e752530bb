import { redact } from "../../core/errors/redact.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import { toSortedJson } from "../../core/json/sorted-json.js";

/** A request as a cassette keeps it and finds it again: without host, headers and secrets. */
export interface RecordedRequest {
  method: string;
  /** Path with the few parts of its query that decide what comes back. */
  path: string;
  /** The body: its value if it is JSON, otherwise its text. Undefined if there is none. */
  body?: unknown;
}

/** The parts of a query that are kept. Any other may hold a key. */
const KEPT_QUERY: readonly string[] = ["alt", "api-version", "stream", "starting_after"];

/**
 * Fields of a body that do not change the answer: ids of the user, and what this package leaves out once a service has
 * refused it.
 */
const IGNORED_FIELDS: ReadonlySet<string> = new Set([
  "stream_options",
  "user",
  "safety_identifier",
  "metadata",
  "prompt_cache_key",
]);

/**
 * Turns an HTTP request into the form in which a cassette keeps it.
 * @param address the path, or a whole URL
 * @param text the body; `""` if there is none
 * @param secrets replaced by `***`, in the path too
 */
export function toRecordedRequest(
  method: string,
  address: string,
  text: string,
  secrets: readonly string[],
): RecordedRequest {
  const { pathname, searchParams } = new URL(address, "http://host");
  const query = new URLSearchParams([...searchParams].filter(([name]) => KEPT_QUERY.includes(name)));
  const path = redact(query.size > 0 ? `${pathname}?${query}` : pathname, secrets);
  if (text === "") return { method, path };
  const clean = redact(text, secrets);
  return { method, path, body: tryParseJson(clean) ?? clean };
}

/** @returns a key that is equal for requests that ask for the same */
export function toRequestKey({ method, path, body }: RecordedRequest): string {
  return `${method} ${path} ${body === undefined ? "" : toSortedJson(dropIgnoredFields(body))}`;
}

/** Copies a body without `IGNORED_FIELDS`. */
export function dropIgnoredFields(body: unknown): unknown {
  if (!isObject(body)) return body;
  return Object.fromEntries(Object.entries(body).filter(([name]) => !IGNORED_FIELDS.has(name)));
}
