import { TOOL_CALL_FIELDS, type ToolCallDelta } from "../core/chat/chunk.js";
import { createCallId } from "../core/chat/tool-call.js";
import { splitText } from "./split-text.js";

/** A step of a tool call, in the order that clients need: each call starts once, with its id and its whole name. */
export type ToolStep = { index: number; isCustom: boolean } & (
  | { type: "start"; id: string; name: string; fields: Record<string, unknown> }
  | { type: "arguments"; id: string; text: string }
  | { type: "finish"; id: string; name: string; arguments: string }
);

interface StartingCall {
  index: number;
  id: string;
  name: string;
  /** The service's own fields, such as a signature that it wants back. */
  fields: Record<string, unknown>;
  /** Arguments so far; of a custom tool, its input. */
  arguments: string;
  /** What replaces the arguments at the end; see `ToolCallDelta.whole_input`. */
  wholeInput?: string;
  /** Whether the tool takes any text. */
  isCustom: boolean;
  isStarted: boolean;
}

/**
 * Turns the pieces of tool calls into steps. Services send pieces in many ways: a name after the arguments, no id, an
 * id on each piece. A call starts with its first arguments, when its name is known; one without arguments at the end.
 */
export class ToolSteps {
  private readonly calls: StartingCall[] = [];

  /** @param seed makes ids for calls that come without one */
  constructor(private readonly seed: string) {}

  add(pieces: readonly ToolCallDelta[]): ToolStep[] {
    return pieces.flatMap((piece) => this.addPiece(piece));
  }

  /** Starts the calls that have not started, and finishes all. Arguments of a function that never came become `{}`. */
  end(): ToolStep[] {
    return this.calls.flatMap((call) => {
      const steps = this.start(call);
      if (call.arguments === "" && !call.isCustom) {
        call.arguments = "{}";
        steps.push(...createArgumentSteps(call, "{}"));
      }
      const { index, isCustom, id, name } = call;
      const text = call.wholeInput ?? call.arguments;
      return [...steps, { type: "finish" as const, index, isCustom, id, name, arguments: text }];
    });
  }

  private addPiece(piece: ToolCallDelta): ToolStep[] {
    const call = this.findCall(piece.index);
    call.id ||= piece.id ?? "";
    if (piece.function) call.isCustom = false;
    else if (piece.custom || piece.type === "custom") call.isCustom = true;
    call.name = piece.function?.name || piece.custom?.name || call.name;
    if (piece.whole_input !== undefined) call.wholeInput = piece.whole_input;
    for (const key in piece) if (!TOOL_CALL_FIELDS.has(key)) call.fields[key] = piece[key];
    const text = piece.function?.arguments ?? piece.custom?.input ?? "";
    if (text === "") return [];
    if (!call.isStarted && call.name === "") {
      call.arguments += text;
      return [];
    }
    const steps = this.start(call);
    call.arguments += text;
    return [...steps, ...createArgumentSteps(call, text)];
  }

  private start(call: StartingCall): ToolStep[] {
    if (call.isStarted) return [];
    call.isStarted = true;
    call.id ||= createCallId(this.seed, call.index);
    const { index, isCustom, id, name, fields } = call;
    return [
      { type: "start", index, isCustom, id, name, fields },
      ...createArgumentSteps(call, call.arguments),
    ];
  }

  private findCall(index: number): StartingCall {
    let call = this.calls.find((one) => one.index === index);
    if (!call) {
      call = { index, id: "", name: "", fields: {}, arguments: "", isCustom: false, isStarted: false };
      this.calls.push(call);
    }
    return call;
  }
}

function createArgumentSteps({ index, id, isCustom }: StartingCall, text: string): ToolStep[] {
  return splitText(text).map((piece) => ({ type: "arguments", index, id, isCustom, text: piece }));
}
