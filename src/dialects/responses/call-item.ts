import type { ToolCallDelta } from "../../core/chat/chunk.js";
import { estimatePieceBytes } from "../../core/json/heap-size.js";
import { tryParseJson } from "../../core/json/parse.js";
import { isProgram } from "../../core/tools/caller.js";
import { ReplacedSize } from "../held-size.js";
import { toText } from "../wire-values.js";
import { OpenItem, type WireItem } from "./open-item.js";
import { SentText } from "./sent-text.js";

/** The field with a call's input, by the type of its item. */
const INPUT_FIELDS: Readonly<Record<string, string>> = {
  function_call: "arguments",
  custom_tool_call: "input",
};

/** Whether an item of this type is a call that the author of the request may have to answer. */
export function isCallType(type: string): boolean {
  return Object.hasOwn(INPUT_FIELDS, type);
}

/** A call of a tool of the request: of a function with JSON arguments, or of a custom tool with any text as its input. */
export class CallItem extends OpenItem {
  callId = "";
  readonly input = new SentText();
  private name = "";
  private readonly nameSize = new ReplacedSize(this.listener.held);
  private namespace = "";
  private readonly namespaceSize = new ReplacedSize(this.listener.held);
  /** Whether the program has come that called. */
  private hasCaller = false;
  /** Place among the tool calls of the answer; undefined until a piece of the call was passed on. */
  private callIndex: number | undefined;
  /** What the next piece adds to the call's head. */
  private news: Partial<ToolCallDelta> = {};
  /** Input that waits for the name of a custom tool: only the name tells a tool of the request from one of the service. */
  private heldInput = "";
  /** The input that has replaced the streamed one. */
  private replacement = "";

  /** Whether the call has been passed on. */
  get isSent(): boolean {
    return this.callIndex !== undefined;
  }

  /** Whether the input can be read as the tool's: JSON, or any text for a custom tool. */
  get isReadable(): boolean {
    const input = this.replacement || this.input.toString();
    return this.isCustom || input === "" || tryParseJson(input) !== undefined;
  }

  open(item: WireItem): void {
    this.readHead(item);
    this.send(this.input.open(this.readInput(item)));
  }

  addDelta(delta: string): void {
    const added = this.input.add(delta);
    if (added !== "") this.send(added);
  }

  /** Takes the whole input, and passes on what is missing. If it differs from what was streamed, it replaces that. */
  completeInput(item: WireItem): void {
    this.readHead(item);
    const whole = this.readInput(item);
    const missing = this.input.complete(whole);
    if (this.isReplacement(whole)) {
      this.replacement = whole;
      this.news.whole_input = whole;
    }
    if (missing !== "" || !this.isSent || Object.keys(this.news).length > 0) this.send(missing);
  }

  protected addMissing(item: WireItem): void {
    this.completeInput(item);
  }

  private get isCustom(): boolean {
    return this.type === "custom_tool_call";
  }

  private readInput(item: WireItem): string {
    return toText(item[INPUT_FIELDS[this.type]!]);
  }

  private readHead({ call_id: callId, name, namespace, caller }: WireItem): void {
    if (typeof callId === "string" && this.callId === "" && callId !== "") {
      this.listener.held.addText(callId);
      this.callId = callId;
      this.news.id = callId;
    }
    if (typeof name === "string" && name !== "" && name !== this.name) {
      this.nameSize.set(name);
      this.name = name;
      this.news[this.isCustom ? "custom" : "function"] = { name };
    }
    if (typeof namespace === "string" && namespace !== "" && namespace !== this.namespace) {
      this.namespaceSize.set(namespace);
      this.namespace = namespace;
      this.news["namespace"] = namespace;
    }
    if (!this.hasCaller && isProgram(caller)) {
      this.listener.held.addValue(caller);
      this.hasCaller = true;
      this.news["caller"] = caller;
    }
  }

  private send(added: string): void {
    this.heldInput += added;
    if (this.isCustom && !this.listener.hasTool(this.name)) {
      this.listener.held.add(estimatePieceBytes(added));
      return;
    }
    const { function: called, custom, ...news } = this.news;
    this.news = {};
    const isFirst = this.callIndex === undefined;
    this.callIndex ??= this.listener.takeCallIndex();
    const piece: ToolCallDelta = { ...news, index: this.callIndex };
    if (isFirst) piece.type = this.isCustom ? "custom" : "function";
    const input = this.heldInput;
    this.heldInput = "";
    if (this.isCustom) {
      if (custom || input) piece.custom = { ...custom, ...(input && { input }) };
    } else if (called || input) piece.function = { ...called, ...(input && { arguments: input }) };
    this.listener.onToolCall(piece);
  }

  /** Whether a whole input says something else than the streamed one. White space in JSON says nothing. */
  private isReplacement(whole: string): boolean {
    const sent = this.replacement || this.input.toString();
    if (whole === "" || whole === sent) return false;
    if (this.isCustom) return !sent.startsWith(whole);
    const value = tryParseJson(whole);
    return value !== undefined && JSON.stringify(value) !== JSON.stringify(tryParseJson(sent));
  }
}
