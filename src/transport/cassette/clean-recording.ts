import { redact } from "../../core/errors/redact.js";
import type { Headers } from "../../core/headers.js";
import { fromBytes, type RecordedFailure, type RecordedRead } from "./recording.js";

/** The headers of a response that are kept: those that this package reads, and what a support team asks for. */
const KEPT_HEADERS =
  /^content-(type|encoding)$|retry-after|should-retry|ratelimit|request-id|deprecation|^x-venice-model-id$/;

/** Copies the headers that a recording keeps. */
export function cleanHeaders(
  headers: Headers,
  secrets: readonly string[],
): Record<string, string | string[]> {
  const clean: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || !KEPT_HEADERS.test(name)) continue;
    clean[name] =
      typeof value === "string" ? redact(value, secrets) : value.map((one) => redact(one, secrets));
  }
  return clean;
}

/** Copies a failure without the secrets that it quotes. */
export function cleanFailure(
  { code, message, phase, retryable }: RecordedFailure,
  secrets: readonly string[],
): RecordedFailure {
  return { code, message: redact(message, secrets), phase, retryable };
}

/** A read before it is written: when it came, in milliseconds, and its bytes. */
export interface RawRead {
  ms: number;
  bytes: Buffer;
}

/**
 * Turns the reads of a body into those of a recording, without secrets. A secret may straddle two reads, so the whole body is
 * cleaned and then cut again where it was cut.
 */
export function cleanReads(reads: readonly RawRead[], secrets: readonly string[]): RecordedRead[] {
  const whole = Buffer.concat(reads.map(({ bytes }) => bytes));
  // One character for each byte, so that places in the text are places in the body.
  const body = whole.toString("latin1");
  const clean = redact(body, secrets);
  const bytes = Buffer.from(clean, "latin1");
  const text = bytes.toString();
  const cleanText = redact(text, secrets);
  // A secret that is cut off with “…” is seen only if the text is read as text.
  if (cleanText !== text) return [[reads.at(-1)?.ms ?? 0, cleanText]];
  const cuts = moveCuts(listCuts(reads), body, clean);
  return reads.map(({ ms }, at) => fromBytes(ms, bytes.subarray(cuts[at - 1] ?? 0, cuts[at])));
}

function listCuts(reads: readonly RawRead[]): number[] {
  let end = 0;
  return reads.map(({ bytes }) => {
    end += bytes.length;
    return end;
  });
}

/**
 * Moves places in a text to those in its clean copy. Text between two replaced secrets is the same in both. If a secret
 * contains the same text, a place may be a little off. That changes where the body is cut, but not what it says.
 */
function moveCuts(cuts: readonly number[], text: string, clean: string): number[] {
  if (text === clean) return [...cuts];
  /** Beginnings of equal pieces, in the text and in the copy. */
  const pieces: { from: number; to: number }[] = [];
  let from = 0;
  let to = 0;
  for (const piece of clean.split("***")) {
    from = Math.max(from, text.indexOf(piece, from));
    pieces.push({ from, to });
    from += piece.length;
    to += piece.length + "***".length;
  }
  let at = 0;
  return cuts.map((cut) => {
    while (at + 1 < pieces.length && pieces[at + 1]!.from <= cut) at++;
    const { from: start, to: moved } = pieces[at]!;
    const next = pieces[at + 1]?.to ?? clean.length;
    return cut === text.length ? clean.length : Math.min(moved + cut - start, next);
  });
}
