import type { Chunk } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";
import { TextTemplate } from "./text-template.js";
import type { ToolCallTracker } from "./tool-call-tracker.js";

/** Matches the key `arguments` up to the first character of its text. */
const ARGUMENTS_KEY = /"arguments"\s*:\s*"/;

type Fields = Record<string, unknown>;

/** The fields of a record around its piece of arguments. Their values are not objects, so a shallow copy is a full copy. */
interface Frame {
  chunk: Fields;
  choice: Fields;
  delta: Fields;
  /** The call's fields as the service sent them. */
  call: Fields;
  function: Fields;
}

/**
 * Reads a piece of a tool call's arguments without parsing the record, as `TextTemplate` does for text. A long call comes
 * in thousands of records that differ only in a few characters of the arguments.
 */
export class PieceTemplate {
  private readonly template = new TextTemplate(ARGUMENTS_KEY);
  private frame: Frame | undefined;

  /**
   * @param getTracker finds the tracker of a choice's tool calls
   * @returns a new chunk for a record that differs from the template only in its piece; undefined for any other record
   */
  match(data: string, getTracker: (choice: number) => ToolCallTracker): Chunk | undefined {
    const piece = this.template.match(data);
    if (piece === undefined) return undefined;
    const { chunk, choice, delta, call, function: wireFunction } = this.frame!;
    const wire = { ...call, function: { ...wireFunction, arguments: piece } };
    const pieces = getTracker(choice["index"] as number).normalise([wire]);
    const calls = pieces.length > 0 ? { tool_calls: pieces } : {};
    return { ...chunk, choices: [{ ...choice, delta: { ...delta, ...calls } }] } as Chunk;
  }

  /**
   * Makes a record the template for the next ones, if it has nothing but one piece of one call.
   * @param chunk the chunk that the record became
   */
  learn(data: string, chunk: Chunk): void {
    this.template.learn(data, (record) => this.takeFrame(record, chunk));
  }

  /** Forgets the template. Call it for every record of another kind. */
  forget(): void {
    this.template.forget();
  }

  /** Keeps the fields around the piece, if the record may be a template. @returns the arguments, or undefined */
  private takeFrame(record: unknown, { choices, ...chunk }: Chunk): unknown {
    const [first] = choices;
    const wire = getOnlyObject(isObject(record) ? record["choices"] : undefined);
    const piece = getOnlyObject(isObject(wire?.["delta"]) ? wire["delta"]["tool_calls"] : undefined);
    if (!first || first.finish_reason !== null || !piece || !isObject(piece["function"])) return undefined;
    const { delta: fullDelta, ...choice } = first;
    const { tool_calls: _calls, ...delta } = fullDelta;
    const { function: fullFunction, ...call } = piece;
    const { arguments: args, ...wireFunction } = fullFunction as Fields;
    const frame: Frame = { chunk, choice, delta, call, function: wireFunction };
    if (!Object.values(frame).every(isFlat)) return undefined;
    this.frame = frame;
    return args;
  }
}

/** @returns the object in a list of one */
function getOnlyObject(list: unknown): Fields | undefined {
  const first: unknown = Array.isArray(list) && list.length === 1 ? list[0] : undefined;
  return isObject(first) ? first : undefined;
}

/** Whether no value is an object or a list. */
function isFlat(fields: Fields): boolean {
  return Object.values(fields).every((value) => typeof value !== "object" || value === null);
}
