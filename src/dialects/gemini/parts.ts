import type { Delta, ToolCallDelta } from "../../core/chat/chunk.js";
import { joinBase64 } from "../../core/chat/merge.js";
import { buildThoughtSignature, GEMINI_PARTS, GEMINI_REASONING } from "../../core/chat/vendor-echo.js";
import { isObject } from "../../core/json/parse.js";
import { PartialArgs } from "./args.js";

/** A function call that has begun and is not whole. */
interface OpenCall {
  head: ToolCallDelta;
  name: string;
  args: PartialArgs;
}

/** Turns the parts of one candidate into deltas. */
export class GeminiPartReader {
  private calls = 0;
  private passed = 0;
  private open: OpenCall | undefined;
  /** Whole calls that came signed: a repetition without the signature is not another one. */
  private readonly signed = new Set<string>();

  get hasCalls(): boolean {
    return this.calls > 0;
  }

  /** @param parts those of one record */
  read(parts: readonly unknown[]): Delta {
    const delta: Delta = {};
    const before = new Set(this.signed);
    for (const part of parts) if (isObject(part)) this.add(delta, part, before);
    return delta;
  }

  /** A call whose last piece did not come, though the candidate has ended. */
  closeCall(delta: Delta): void {
    if (!this.open) return;
    const { head, name, args } = this.open;
    this.open = undefined;
    addCall(delta, { ...head, function: { name, arguments: args.toString() } });
  }

  private add(delta: Delta, part: Record<string, unknown>, before: ReadonlySet<string>): void {
    const { text, thought, thoughtSignature, functionCall, inlineData } = part;
    if (isObject(functionCall)) {
      this.call(delta, functionCall, thoughtSignature, before);
      return;
    }
    if (isObject(inlineData)) {
      // What it drew while it was thinking is no part of the answer.
      if (thought !== true) addData(delta, inlineData, thoughtSignature);
      return;
    }
    if (typeof text !== "string" && Object.values(part).some(isObject)) {
      const kept = delta[GEMINI_PARTS] as Record<string, unknown> | undefined;
      delta[GEMINI_PARTS] = Object.assign(kept ?? {}, { [this.passed++]: part });
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

  private call(
    delta: Delta,
    wire: Record<string, unknown>,
    signature: unknown,
    before: ReadonlySet<string>,
  ): void {
    const name = typeof wire["name"] === "string" ? wire["name"] : "";
    const id = typeof wire["id"] === "string" ? wire["id"] : "";
    const goesOn = wire["willContinue"] === true;
    if (this.open && (name === "" || wire["partialArgs"] !== undefined)) {
      this.open.args.add(wire["partialArgs"]);
      if (!goesOn) this.closeCall(delta);
      return;
    }
    this.closeCall(delta);
    // A lone end of a call that has been closed before says nothing.
    if (name === "") return;
    const args = JSON.stringify(isObject(wire["args"]) ? wire["args"] : {});
    const marks = `${name} ${args}`;
    if (!signature && id === "" && before.has(marks)) return;
    if (signature) this.signed.add(marks);
    const head: ToolCallDelta = {
      index: this.calls++,
      ...(id === "" ? {} : { id }),
      type: "function",
      ...buildThoughtSignature(signature),
    };
    if (goesOn || wire["partialArgs"] !== undefined) {
      this.open = { head, name, args: new PartialArgs() };
      this.open.args.add(wire["partialArgs"]);
      if (!goesOn) this.closeCall(delta);
    } else addCall(delta, { ...head, function: { name, arguments: args } });
  }
}

function addData(delta: Delta, data: Record<string, unknown>, signature: unknown): void {
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

function addCall(delta: Delta, call: ToolCallDelta): void {
  delta.tool_calls ??= [];
  delta.tool_calls.push(call);
}
