import type { Delta, ToolCallDelta } from "../../core/chat/chunk.js";
import { joinBase64 } from "../../core/chat/merge.js";
import { buildThoughtSignature, GEMINI_PARTS, GEMINI_REASONING } from "../../core/chat/vendor-echo.js";
import { isObject } from "../../core/json/parse.js";
import { toText } from "../wire-values.js";
import { PartialArgs } from "./partial-args.js";

/** A function call whose arguments are not complete yet. */
interface OpenCall {
  head: ToolCallDelta;
  name: string;
  args: PartialArgs;
}

/** Turns the parts of one candidate (Gemini API reference, "Part") into deltas. */
export class GeminiPartReader {
  private callCount = 0;
  /** Parts so far that Chat Completions has no place for. */
  private echoCount = 0;
  private openCall: OpenCall | undefined;
  /** Complete calls that had a signature. If one comes again without it, it is a repetition and not a new call. */
  private readonly signedCalls = new Set<string>();

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
    if (!this.openCall) return;
    const { head, name, args } = this.openCall;
    this.openCall = undefined;
    addToolCall(delta, { ...head, function: { name, arguments: args.toString() } });
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
    const name = toText(wire["name"]);
    const id = toText(wire["id"]);
    const continues = wire["willContinue"] === true;
    if (this.openCall && (name === "" || wire["partialArgs"] !== undefined)) {
      this.openCall.args.add(wire["partialArgs"]);
      if (!continues) this.closeCall(delta);
      return;
    }
    this.closeCall(delta);
    // The end of a call that is already closed has no name.
    if (name === "") return;
    const args = JSON.stringify(isObject(wire["args"]) ? wire["args"] : {});
    const callKey = `${name} ${args}`;
    if (!signature && id === "" && earlierCalls.has(callKey)) return;
    if (signature) this.signedCalls.add(callKey);
    const head: ToolCallDelta = {
      index: this.callCount++,
      ...(id === "" ? {} : { id }),
      type: "function",
      ...buildThoughtSignature(signature),
    };
    if (continues || wire["partialArgs"] !== undefined) {
      this.openCall = { head, name, args: new PartialArgs() };
      this.openCall.args.add(wire["partialArgs"]);
      if (!continues) this.closeCall(delta);
    } else addToolCall(delta, { ...head, function: { name, arguments: args } });
  }
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
