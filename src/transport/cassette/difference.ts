import { isObject } from "../../core/json/parse.js";
import { dropIgnoredFields, type RecordedRequest } from "./recorded-request.js";
import type { Recording } from "./recording.js";

/** A place in which a recorded request and the current one differ. */
interface Difference {
  /** Such as `messages[1].content`. */
  place: string;
  recorded: unknown;
  asked: unknown;
}

/** More differences than this are not counted: such requests have nothing in common. */
const MAX_DIFFERENCES = 50;

/** How many recordings are compared, the newest first. */
const MAX_COMPARED = 200;

/** Characters of a value that a sentence shows. */
const MAX_SHOWN_CHARS = 60;

/** How many of them stand before the first one that differs. */
const CHARS_BEFORE = 15;

/**
 * Says how a request differs from the recording that is most like it.
 * @param recordings none of them is of the same request
 */
export function describeMiss(asked: RecordedRequest, recordings: readonly Recording[]): string {
  const compared = recordings
    .map((recording, at) => ({ at, differences: findDifferences(recording.request, asked) }))
    .slice(-MAX_COMPARED);
  const [nearest] = compared.sort(
    (one, other) => one.differences.length - other.differences.length || other.at - one.at,
  );
  if (!nearest) return "It has no recordings.";
  const { place, recorded, asked: value } = nearest.differences[0]!;
  const more = nearest.differences.length - 1;
  const others = more === 0 ? "" : more === 1 ? " One other place differs." : ` ${more} other places differ.`;
  return `Recording ${nearest.at + 1} is the nearest. It has ${describeValue(recorded, value)} at ${place}, and this request ${describeValue(value, recorded)}.${others}`;
}

function findDifferences(recorded: RecordedRequest, asked: RecordedRequest): Difference[] {
  const found: Difference[] = [];
  const one = { method: recorded.method, path: recorded.path, body: dropIgnoredFields(recorded.body) };
  const other = { method: asked.method, path: asked.path, body: dropIgnoredFields(asked.body) };
  collectDifferences("", one, other, found);
  return found;
}

/** Adds the differences at a place and below it to a list. */
function collectDifferences(place: string, recorded: unknown, asked: unknown, found: Difference[]): void {
  if (found.length >= MAX_DIFFERENCES || recorded === asked) return;
  if (Array.isArray(recorded) && Array.isArray(asked)) {
    for (let at = 0; at < Math.max(recorded.length, asked.length); at++)
      collectDifferences(`${place}[${at}]`, recorded[at], asked[at], found);
  } else if (isObject(recorded) && isObject(asked)) {
    for (const name of new Set([...Object.keys(recorded), ...Object.keys(asked)]))
      collectDifferences(joinPlace(place, name), recorded[name], asked[name], found);
  } else found.push({ place, recorded, asked });
}

/** Appends a name to a place. The word `body` is left out, because nearly every place is in the body. */
function joinPlace(place: string, name: string): string {
  return place === "" || place === "body" ? name : `${place}.${name}`;
}

/** Shows a value around the place where it begins to differ from the other one. */
function describeValue(value: unknown, other: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const start = typeof value === "string" && typeof other === "string" ? findShownStart(value, other) : 0;
  const shown = text.slice(start, start + MAX_SHOWN_CHARS);
  const end = start + MAX_SHOWN_CHARS < text.length ? "…" : "";
  return typeof value === "string" ? `“${start > 0 ? "…" : ""}${shown}${end}”` : `${shown}${end}`;
}

/** Finds where the shown part of a text begins: at its start, or shortly before the first difference. */
function findShownStart(value: string, other: string): number {
  let same = 0;
  while (same < value.length && value[same] === other[same]) same++;
  return same > MAX_SHOWN_CHARS - CHARS_BEFORE ? same - CHARS_BEFORE : 0;
}
