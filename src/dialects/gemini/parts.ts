import type { Delta, ToolCallDelta } from "../../core/chat/chunk.js";
import { joinBase64 } from "../../core/chat/merge.js";
import { buildThoughtSignature, GEMINI_PARTS, GEMINI_REASONING } from "../../core/chat/vendor-echo.js";
import { ENTRY_BYTES, estimateTextBytes } from "../../core/json/heap-size.js";
import { isObject } from "../../core/json/parse.js";
import { type HeldSize, ReplacedSize } from "../held-size.js";
import { toText } from "../wire-values.js";
import { PartialArgs } from "./partial-args.js";

/** A function call as far as it came. */
interface Call {
  name: string;
  id: string;
  signature: unknown;
}

/** A piece of a function call. */
interface CallPiece extends Call {
  pieces: unknown;
  /** Whether more pieces follow. */
  continues: boolean;
}

/** A function call whose arguments come in pieces and are not complete yet. */
interface OpenCall extends Call {
  args: PartialArgs;
}

/** Turns the parts of one candidate (Gemini API reference, "Part") into deltas. */
export class GeminiPartReader {
  private callCount = 0;
  /** How many parts so far have no place in Chat Completions. */
  private echoCount = 0;
  private openCall: OpenCall | undefined;
  /** Complete calls that had a signature. If one comes again as a whole without it, it is a repetition and no new call. */
  private readonly signedCalls = new Set<string>();
  private readonly openCallSize: ReplacedSize;

  constructor(private readonly held: HeldSize) {
    this.openCallSize = new ReplacedSize(held);
  }

  get hasCalls(): boolean {
    return this.callCount > 0;
  }

  /** Reads the parts of one record. */
  read(parts: readonly unknown[]): Delta {
    const delta: Delta = {};
    const earlierCalls = new Set(this.signedCalls);
    for (const part of parts) if (isObject(part)) this.addPart(delta, part, earlierCalls);
    return delta;
  }

  /** Adds the open call to a delta, as far as its arguments came. */
  closeCall(delta: Delta): void {
    const { openCall } = this;
    this.openCall = undefined;
    if (openCall) this.addCall(delta, openCall, openCall.args.toString());
  }

  /** @param earlierCalls the signed calls of earlier records */
  private addPart(delta: Delta, part: Record<string, unknown>, earlierCalls: ReadonlySet<string>): void {
    const { text, thought, thoughtSignature, functionCall, inlineData } = part;
    if (isObject(functionCall)) {
      this.addFunctionCall(delta, functionCall, thoughtSignature, earlierCalls);
      return;
    }
    if (isObject(inlineData)) {
      // An image from a thought is not part of the answer.
      if (thought !== true) addInlineData(delta, inlineData, thoughtSignature);
      return;
    }
    if (typeof text !== "string" && Object.values(part).some(isObject)) {
      const echo = delta[GEMINI_PARTS] as Record<string, unknown> | undefined;
      delta[GEMINI_PARTS] = Object.assign(echo ?? {}, { [this.echoCount++]: part });
      return;
    }
    if (typeof text === "string" && text !== "") {
      const field = thought === true ? "reasoning_content" : "content";
      delta[field] = `${delta[field] ?? ""}${text}`;
    }
    if (typeof thoughtSignature === "string" && thoughtSignature !== "") {
      const detail = { type: "reasoning.encrypted", data: thoughtSignature, format: GEMINI_REASONING };
      delta.reasoning_details ??= [];
      delta.reasoning_details.push(detail);
    }
  }

  private addFunctionCall(
    delta: Delta,
    wire: Record<string, unknown>,
    signature: unknown,
    earlierCalls: ReadonlySet<string>,
  ): void {
    const call = { name: toText(wire["name"]), id: toText(wire["id"]), signature };
    const { partialArgs: pieces } = wire;
    const continues = wire["willContinue"] === true;
    const args = JSON.stringify(isObject(wire["args"]) ? wire["args"] : {});
    const open = this.openCall;
    if (open && (call.name === "" || isSameCall(open, call))) {
      // The last piece may have the name and all of the arguments, again or for the first time.
      const isEnd = !continues && ["{}", open.args.toString()].includes(args);
      if (call.name === "" || pieces !== undefined || isEnd) {
        this.extendCall(delta, { ...call, pieces, continues });
        return;
      }
      if (!continues && open.args.isEmpty) {
        this.openCall = undefined;
        this.addCall(delta, mergeCalls(open, call), args);
        return;
      }
    }
    this.closeCall(delta);
    // The end of a call that is already closed has no name.
    if (call.name === "") return;
    if (continues || pieces !== undefined) {
      this.openCall = { ...call, args: new PartialArgs(this.held) };
      this.extendCall(delta, { ...call, pieces, continues });
      return;
    }
    const isRepeated = !signature && call.id === "" && earlierCalls.has(`${call.name} ${args}`);
    if (!isRepeated) this.addCall(delta, call, args);
  }

  /** Adds a piece to the open call. */
  private extendCall(delta: Delta, { pieces, continues, ...call }: CallPiece): void {
    this.openCall = { ...mergeCalls(this.openCall!, call), args: this.openCall!.args };
    const { name, id, signature } = this.openCall;
    this.openCallSize.set([name, id, signature]);
    this.openCall.args.add(pieces);
    if (!continues) this.closeCall(delta);
  }

  /** Adds a complete call. */
  private addCall(delta: Delta, { name, id, signature }: Call, args: string): void {
    if (signature) {
      const key = `${name} ${args}`;
      this.held.add(ENTRY_BYTES + estimateTextBytes(key));
      this.signedCalls.add(key);
    }
    addToolCall(delta, {
      index: this.callCount++,
      ...(id === "" ? {} : { id }),
      type: "function",
      ...buildThoughtSignature(signature),
      function: { name, arguments: args },
    });
  }
}

/** Whether a function call can be a piece of the open one. */
function isSameCall(open: OpenCall, { name, id }: Call): boolean {
  return name === open.name && (id === "" || open.id === "" || id === open.id);
}

/** Adds what a later piece of a call shows: the id and the signature may come late. */
function mergeCalls({ name, id, signature }: Call, added: Call): Call {
  return { name, id: id || added.id, signature: signature || added.signature };
}

/** Adds audio or an image. */
function addInlineData(delta: Delta, data: Record<string, unknown>, signature: unknown): void {
  const { mimeType, data: base64 } = data;
  if (typeof base64 !== "string" || base64 === "") return;
  const type = typeof mimeType === "string" ? mimeType : "application/octet-stream";
  if (type.startsWith("audio/")) {
    delta.audio = { data: joinBase64([delta.audio?.data ?? "", base64]), format: type };
    return;
  }
  const url = `data:${type};base64,${base64}`;
  const image = { type: "image_url", image_url: { url }, ...buildThoughtSignature(signature) };
  delta.images ??= [];
  delta.images.push(image);
}

function addToolCall(delta: Delta, call: ToolCallDelta): void {
  delta.tool_calls ??= [];
  delta.tool_calls.push(call);
}
