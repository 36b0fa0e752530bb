import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import type { Recording } from "./recording.js";

const VERSION = 1;

/** Formats recordings as the text of a cassette file: JSON that people can read and compare, with a line for each read. */
export function formatCassette(recordings: readonly Recording[]): string {
  return `{"version": ${VERSION}, "recordings": [\n${recordings.map(formatRecording).join(",\n")}\n]}\n`;
}

function formatRecording({ reads, ...rest }: Recording): string {
  const head = JSON.stringify(rest, null, 2).slice(0, -"\n}".length);
  const lines = reads.map((read) => `\n    ${JSON.stringify(read)}`);
  return `${head},\n  "reads": [${lines.join()}\n  ]\n}`;
}

/**
 * Parses the text of a cassette file. It may have been edited by hand.
 * @param name names the file in the error
 * @throws Failure `configuration` that names the place which is wrong
 */
export function parseCassette(text: string, name: string): Recording[] {
  const fail = (problem: string): never => {
    throw new Failure(
      "configuration",
      `The file “${name}” cannot be used as a cassette: ${problem}. Correct it, or choose another file.`,
    );
  };
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    fail("it is not JSON, or was cut off");
  }
  if (!isObject(file) || !Array.isArray(file["recordings"])) return fail("it has no list of recordings");
  if (file["version"] !== VERSION) fail("it was made by another version of this package");
  for (const [at, recording] of file["recordings"].entries()) {
    const problem = findProblem(recording);
    if (problem) fail(`recordings[${at}]${problem}`);
  }
  return file["recordings"] as Recording[];
}

/** @returns the place that is wrong and what it lacks; undefined if nothing is wrong */
function findProblem(recording: unknown): string | undefined {
  if (!isObject(recording)) return " is not an object";
  const { request, response, end, reads } = recording;
  if (!isObject(request) || typeof request["method"] !== "string" || typeof request["path"] !== "string")
    return ".request needs a method and a path";
  if (response !== undefined && !isResponse(response)) return ".response needs ms, a status and headers";
  if (!isObject(end) || !isTime(end["ms"]) || !isEnd(end))
    return ".end needs ms and a kind: end, stopped, or failed with a failure";
  if (!Array.isArray(reads)) return ".reads is not a list";
  const wrong = reads.findIndex((read) => !isRead(read));
  return wrong < 0 ? undefined : `.reads[${wrong}] is not [ms, text] or [ms, {"b64": text}]`;
}

function isResponse(response: unknown): boolean {
  return (
    isObject(response) &&
    isTime(response["ms"]) &&
    Number.isInteger(response["status"]) &&
    isObject(response["headers"])
  );
}

function isEnd({ kind, failure }: Record<string, unknown>): boolean {
  if (kind === "end" || kind === "stopped") return true;
  return (
    kind === "failed" &&
    isObject(failure) &&
    ["code", "message"].every((name) => typeof failure[name] === "string")
  );
}

function isRead(read: unknown): boolean {
  if (!Array.isArray(read) || read.length !== 2 || !isTime(read[0])) return false;
  const [, bytes] = read as [number, unknown];
  return typeof bytes === "string" || (isObject(bytes) && typeof bytes["b64"] === "string");
}

function isTime(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && Number.isFinite(value);
}
