import type { Chunk } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";
import { TextTemplate } from "./text-template.js";
import type { ToolCallTracker } from "./tool-call-tracker.js";

/** Where a piece begins, if the first key of that name is the right one. */
const ARGUMENTS_KEY = /"arguments"\s*:\s*"/;

type Fields = Record<string, unknown>;

/** What a record says beside its piece. All of it is flat, so that a copy shares nothing with it. */
interface Frame {
  chunk: Fields;
  choice: Fields;
  delta: Fields;
  /** The call, as the service has it. */
  call: Fields;
  function: Fields;
}

/**
 * A long tool call comes in thousands of records that differ only in a few characters of its arguments. As with the
 * text, where the bytes around these are the same, parsing them again can give nothing new.
 */
export class PieceTemplate {
  private readonly template = new TextTemplate(ARGUMENTS_KEY);
  private frame: Frame | undefined;

  /** @returns a chunk of its own for a record that differs from the one before only in its piece, else undefined */
  match(data: string, trackerFor: (choice: number) => ToolCallTracker): Chunk | undefined {
    const piece = this.template.match(data);
    if (piece === undefined) return undefined;
    const { chunk, choice, delta, call, function: said } = this.frame!;
    const wire = { ...call, function: { ...said, arguments: piece } };
    const pieces = trackerFor(choice["index"] as number).normalise([wire]);
    // A call said once more changes nothing, here nor where the record is read in full.
    if (pieces.length === 0) return undefined;
    return { ...chunk, choices: [{ ...choice, delta: { ...delta, tool_calls: pieces } }] } as Chunk;
  }

  /**
   * Takes a record for the pattern of those to come, where it has nothing but a piece.
   * @param chunk what was made of it
   */
  learn(data: string, chunk: Chunk): void {
    this.template.learn(data, (record) => this.takeFrame(record, chunk));
  }

  /** Another kind of record has come. */
  forget(): void {
    this.template.forget();
  }

  private takeFrame(record: unknown, { choices, ...chunk }: Chunk): unknown {
    const [first] = choices;
    const wire = getOnlyObject(isObject(record) ? record["choices"] : undefined);
    const piece = getOnlyObject(isObject(wire?.["delta"]) ? wire["delta"]["tool_calls"] : undefined);
    if (!first || first.finish_reason !== null || !piece || !isObject(piece["function"])) return undefined;
    const { delta: whole, ...choice } = first;
    const { tool_calls: _, ...delta } = whole;
    const { function: named, ...call } = piece;
    const { arguments: text, ...said } = named as Fields;
    const frame: Frame = { chunk, choice, delta, call, function: said };
    if (!Object.values(frame).every(isFlat)) return undefined;
    this.frame = frame;
    return text;
  }
}

function getOnlyObject(list: unknown): Fields | undefined {
  const first: unknown = Array.isArray(list) && list.length === 1 ? list[0] : undefined;
  return isObject(first) ? first : undefined;
}

function isFlat(fields: Fields): boolean {
  return Object.values(fields).every((value) => typeof value !== "object" || value === null);
}
