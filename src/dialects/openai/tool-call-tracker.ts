import { TOOL_CALL_FIELDS, type ToolCallDelta } from "../../core/chat/chunk.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { CallArguments } from "../call-arguments.js";
import { HeldSize } from "../held-size.js";
import { parseIndex, toText } from "../wire-values.js";

/** Longer arguments are not checked for a second call, because parsing them again with each piece takes too long. */
const MAX_CHECKED_CHARS = 16 * 1024;

/** A call as far as it has come. */
interface TrackedCall {
  /** Its place among the calls of the choice, from 0. */
  index: number;
  id: string;
  name: string;
  /** Whether the type was passed on. */
  hasType: boolean;
  readonly arguments: CallArguments;
}

/**
 * Gives the pieces of one choice's tool calls the same form for every service (OpenAI API reference,
 * "chat.completion.chunk", `tool_calls`). Services send no index, the same index for parallel calls, indices that begin
 * at 1 or have gaps; ids that come late, repeatedly or never; names in every piece or in fragments; arguments as text,
 * as an object or as null. The pieces that come out have the index of their call in order of appearance, and the id,
 * type and name only once.
 */
export class ToolCallTracker {
  private readonly calls: TrackedCall[] = [];
  /** The latest call of each index that the service sent. */
  private readonly latestByIndex = new Map<number, TrackedCall>();

  constructor(
    private readonly toolNames: readonly string[],
    private readonly maxCalls: number,
    private readonly held = new HeldSize(),
  ) {}

  /**
   * Normalises the pieces of a delta.
   * @throws Failure `bad_response` for an impossible index, `limit` for too many calls
   */
  normalise(pieces: readonly unknown[]): ToolCallDelta[] {
    const normalised: ToolCallDelta[] = [];
    for (const piece of pieces) {
      const delta = isObject(piece) ? this.normalisePiece(piece) : undefined;
      if (delta) normalised.push(delta);
    }
    return normalised;
  }

  /** Ends all arguments. @returns pieces with what was held back */
  flush(): ToolCallDelta[] {
    return this.calls.flatMap(({ index, arguments: args }) => {
      const rest = args.flush();
      return rest === "" ? [] : [{ index, function: { arguments: rest } }];
    });
  }

  /** @returns undefined if the piece has nothing new */
  private normalisePiece(wire: Record<string, unknown>): ToolCallDelta | undefined {
    const wireFunction = isObject(wire["function"]) ? wire["function"] : {};
    const wireCustom = isObject(wire["custom"]) ? wire["custom"] : {};
    const id = toText(wire["id"]);
    const name = toText(wireFunction["name"]) || toText(wireCustom["name"]);
    const args = toArgumentText(wireFunction["arguments"]);
    const input = toArgumentText(wireCustom["input"]);
    const isCustom = toText(wireCustom["name"]) !== "" || input !== "";
    const countBefore = this.calls.length;
    const call = this.findCall(this.readIndex(wire["index"]), id, name, args);
    const isNew = this.calls.length > countBefore;
    const fragment = call.arguments.add(args);

    const { type } = wire;
    const delta: ToolCallDelta = { ...copyExtras(wire), index: call.index };
    if (id && !call.id) {
      this.held.addText(id);
      call.id = id;
      delta.id = id;
    }
    if (typeof type === "string" && type && !call.hasType) {
      call.hasType = true;
      delta.type = type;
    }
    const newName = this.updateName(call, name);
    if (isCustom) {
      if (newName || input) delta.custom = {};
      if (newName) delta.custom!.name = newName;
      if (input) delta.custom!.input = input;
    } else if (newName || fragment) {
      delta.function = {};
      if (newName) delta.function.name = newName;
      if (fragment) delta.function.arguments = fragment;
    }
    return isNew || Object.keys(delta).length > 1 ? delta : undefined;
  }

  /** @returns undefined if the service sent no index */
  private readIndex(wireIndex: unknown): number | undefined {
    if (wireIndex === undefined || wireIndex === null) return undefined;
    const index = parseIndex(wireIndex, "tool call");
    if (index >= this.maxCalls) throw this.createLimitFailure();
    return index;
  }

  /** Finds the call that a piece continues, or opens a new one. */
  private findCall(index: number | undefined, id: string, name: string, fragment: string): TrackedCall {
    const latest = index === undefined ? this.calls.at(-1) : this.latestByIndex.get(index);
    if (!latest) return this.findRepeatedCall(id, name, fragment) ?? this.openCall(index);
    if (id !== "" && id !== latest.id) {
      const sameId = this.calls.findLast((call) => call.id === id);
      if (sameId) return this.startsNewCall(sameId, id, name, fragment) ? this.openCall(index) : sameId;
      // Without an index, a new id means a new call, unless the latest call still lacks its id. With an index, the
      // piece must also have a name: some services send another id with each piece.
      const isLateId =
        latest.id === "" && this.canHaveName(latest, name) && !this.startsNewCall(latest, id, name, fragment);
      const isChangedId = index !== undefined && name === "";
      return isLateId || isChangedId ? latest : this.openCall(index);
    }
    return this.startsNewCall(latest, id, name, fragment) ? this.openCall(index) : latest;
  }

  /** Finds the call that a piece repeats as a whole under another index. */
  private findRepeatedCall(id: string, name: string, fragment: string): TrackedCall | undefined {
    if (id === "" || !fragment.startsWith("{") || fragment.length > MAX_CHECKED_CHARS) return undefined;
    return this.calls.find(
      (call) => call.id === id && call.name === name && call.arguments.isRepeatedBy(fragment),
    );
  }

  /** Whether a piece's name can belong to a call: it is empty, the same, or a fragment that completes the call's name. */
  private canHaveName(call: TrackedCall, name: string): boolean {
    return name === "" || call.name === "" || name === call.name || this.isCompletedBy(call, name);
  }

  private isCompletedBy(call: TrackedCall, fragment: string): boolean {
    return this.toolNames.includes(call.name + fragment) && !this.toolNames.includes(call.name);
  }

  /**
   * Whether a piece begins another call although its id is missing or the same. It does if it has the name of another
   * tool, or if the arguments of the call are complete and the piece has a name and the beginning of an object. A piece
   * that repeats the whole call does not, nor does one that replaces a placeholder, unless both have an id and the ids
   * differ, or neither has one.
   */
  private startsNewCall(call: TrackedCall, id: string, name: string, piece: string): boolean {
    if (name === "") return false;
    const isOtherName = call.name !== "" && name !== call.name;
    if (isOtherName && this.toolNames.includes(name) && this.toolNames.includes(call.name)) return true;
    if (!piece.startsWith("{") || call.arguments.length > MAX_CHECKED_CHARS) return false;
    if (!call.arguments.isComplete) return false;
    const canBeSame = call.id === "" ? id !== "" : id === "" || id === call.id;
    if (!canBeSame) return true;
    return !call.arguments.isRepeatedBy(piece) && !(call.id !== "" && call.arguments.isPlaceholder);
  }

  private openCall(index: number | undefined): TrackedCall {
    if (this.calls.length >= this.maxCalls) throw this.createLimitFailure();
    const call = {
      index: this.calls.length,
      id: "",
      name: "",
      hasType: false,
      arguments: new CallArguments(),
    };
    this.calls.push(call);
    if (index !== undefined) this.latestByIndex.set(index, call);
    return call;
  }

  /** @returns the call's name if the piece changed it, or "" */
  private updateName(call: TrackedCall, name: string): string {
    if (!name || name === call.name) return "";
    if (call.name && !this.isCompletedBy(call, name)) return "";
    this.held.addText(name);
    call.name += name;
    return call.name;
  }

  private createLimitFailure(): Failure {
    return new Failure("limit", `The service sent more than ${this.maxCalls} tool calls.`);
  }
}

/** Copies the fields of a piece that are not read here. @returns undefined if it has none, as most pieces */
function copyExtras(wire: Record<string, unknown>): Record<string, unknown> | undefined {
  let extras: Record<string, unknown> | undefined;
  for (const key in wire) {
    if (TOOL_CALL_FIELDS.has(key)) continue;
    extras ??= {};
    extras[key] = wire[key];
  }
  return extras;
}

function toArgumentText(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}
