import type { ToolCallDelta } from "../../core/chat/chunk.js";
import { Failure } from "../../core/failure.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";

/** Arguments are looked at for their end up to this length: often looking at long ones would take forever. */
const MAX_CHECKED_CHARS = 16 * 1024;

interface TrackedCall {
  index: number;
  id: string;
  name: string;
  typed: boolean;
  /** As far as they are looked at. */
  arguments: string;
}

/**
 * Gives the pieces of tool calls one form, whatever a vendor's habits: no index, the same index for parallel
 * calls, indices that begin at 1 or have holes, ids late, repeated or missing, names in every piece or in
 * fragments, arguments whole, as an object, or null. Out come pieces numbered in order of appearance, with id
 * and name said once.
 */
export class ToolCallTracker {
  private readonly calls: TrackedCall[] = [];
  private readonly latestByIndex = new Map<number, TrackedCall>();

  constructor(
    private readonly toolNames: readonly string[],
    private readonly maxCalls: number,
  ) {}

  /** @throws Failure `bad_response` for an impossible index, `limit` for too many calls. */
  normalise(pieces: readonly unknown[]): ToolCallDelta[] {
    return pieces.flatMap((normalisePiece) => (isObject(normalisePiece) ? this.piece(normalisePiece) : []));
  }

  /** @returns nothing for a piece that says nothing new. */
  private piece(wire: Record<string, unknown>): ToolCallDelta[] {
    const said = isObject(wire["function"]) ? wire["function"] : {};
    const id = typeof wire["id"] === "string" ? wire["id"] : "";
    const name = typeof said["name"] === "string" ? said["name"] : "";
    const given = toArgumentText(said["arguments"]);
    const known = this.calls.length;
    const call = this.findCall(this.readIndex(wire["index"]), id, name, given);
    const isNew = this.calls.length > known;
    const fragment = !isNew && this.isRepetition(call, id, given) ? "" : given;

    const { index: _index, id: _id, type, function: _function, ...extras } = wire;
    const delta: ToolCallDelta = { ...extras, index: call.index };
    if (id && !call.id) {
      call.id = id;
      delta.id = id;
    }
    if (typeof type === "string" && type && !call.typed) {
      call.typed = true;
      delta.type = type;
    }
    const newName = this.updateName(call, name);
    if (newName || fragment) {
      delta.function = {};
      if (newName) delta.function.name = newName;
      if (fragment) delta.function.arguments = fragment;
    }
    if (call.arguments.length <= MAX_CHECKED_CHARS) call.arguments += fragment;
    return isNew || Object.keys(delta).length > 1 ? [delta] : [];
  }

  private readIndex(index: unknown): number | undefined {
    if (index === undefined || index === null) return undefined;
    const number = typeof index === "string" && /^\d+$/.test(index) ? Number(index) : index;
    if (typeof number !== "number" || !Number.isInteger(number) || number < 0) {
      throw new Failure("bad_response", "The service sent a tool call with an impossible index.");
    }
    if (number >= this.maxCalls) throw this.createLimitFailure();
    return number;
  }

  private findCall(index: number | undefined, id: string, name: string, fragment: string): TrackedCall {
    const last = index === undefined ? this.calls.at(-1) : this.latestByIndex.get(index);
    if (!last) return this.openCall(index);
    if (id !== "" && id !== last.id) {
      const same = this.calls.findLast((call) => call.id === id);
      if (same) return this.startsNewCall(same, id, name, fragment) ? this.openCall(index) : same;
      // Without an index a new id is a new call, but for one that comes late. With an index it takes a name as well.
      const late =
        last.id === "" && this.canHaveName(last, name) && !this.startsNewCall(last, id, name, fragment);
      const rotated = index !== undefined && name === "";
      return late || rotated ? last : this.openCall(index);
    }
    return this.startsNewCall(last, id, name, fragment) ? this.openCall(index) : last;
  }

  /** Whether a name can be the call's: none, the same, or a fragment that completes it. */
  private canHaveName(known: TrackedCall, name: string): boolean {
    return name === "" || known.name === "" || name === known.name || this.isCompletedBy(known, name);
  }

  private isCompletedBy(known: TrackedCall, name: string): boolean {
    return this.toolNames.includes(known.name + name) && !this.toolNames.includes(known.name);
  }

  /**
   * Two calls under one number and no id to tell them apart, or the same: the first is whole and a name comes with the
   * beginning of an object; or the name is another tool's. Who says a call with its id once more in full repeats it.
   */
  private startsNewCall(known: TrackedCall, id: string, name: string, fragment: string): boolean {
    if (name === "") return false;
    const other = known.name !== "" && name !== known.name;
    if (other && this.toolNames.includes(name) && this.toolNames.includes(known.name)) return true;
    if (!fragment.startsWith("{") || known.arguments.length > MAX_CHECKED_CHARS) return false;
    return isCompleteObject(known.arguments) && !this.isRepetition(known, id, fragment);
  }

  private isRepetition(known: TrackedCall, id: string, fragment: string): boolean {
    return id !== "" && id === known.id && fragment === known.arguments && isCompleteObject(fragment);
  }

  private openCall(index: number | undefined): TrackedCall {
    if (this.calls.length >= this.maxCalls) throw this.createLimitFailure();
    const call: TrackedCall = { index: this.calls.length, id: "", name: "", typed: false, arguments: "" };
    this.calls.push(call);
    if (index !== undefined) this.latestByIndex.set(index, call);
    return call;
  }

  /** @returns the name to tell, or "" where there is nothing new. */
  private updateName(call: TrackedCall, name: string): string {
    if (!name || name === call.name) return "";
    if (call.name && !this.isCompletedBy(call, name)) return "";
    call.name += name;
    return call.name;
  }

  private createLimitFailure(): Failure {
    return new Failure("limit", `The service sent more than ${this.maxCalls} tool calls.`);
  }
}

/** Whether arguments are an object to its end. Most are looked at while they grow, and not parsed for it. */
function isCompleteObject(text: string): boolean {
  return text.trimEnd().endsWith("}") && isObject(tryParseJson(text));
}

function toArgumentText(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}
