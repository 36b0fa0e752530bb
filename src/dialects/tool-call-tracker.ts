import type { ToolCallDelta } from "../core/chunk.js";
import { Failure } from "../core/failure.js";
import { isObject, tryParseJson } from "../core/json.js";

interface TrackedCall {
  index: number;
  id: string;
  name: string;
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
  private readonly newestAt = new Map<number, TrackedCall>();

  constructor(
    private readonly toolNames: readonly string[],
    private readonly most: number,
  ) {}

  /** @throws Failure `bad_response` for an impossible index, `limit` for too many calls. */
  normalise(pieces: readonly unknown[]): ToolCallDelta[] {
    return pieces.flatMap((piece) => (isObject(piece) ? [this.piece(piece)] : []));
  }

  private piece(wire: Record<string, unknown>): ToolCallDelta {
    const said = isObject(wire["function"]) ? wire["function"] : {};
    const id = typeof wire["id"] === "string" ? wire["id"] : "";
    const name = typeof said["name"] === "string" ? said["name"] : "";
    const fragment = argumentsOf(said["arguments"]);
    const call = this.callFor(this.wireIndex(wire["index"]), id, name, fragment);

    const { index: _index, id: _id, type, function: _function, ...extras } = wire;
    const delta: ToolCallDelta = { ...extras, index: call.index };
    if (id && !call.id) {
      call.id = id;
      delta.id = id;
    }
    if (typeof type === "string" && call.arguments === "" && type) delta.type = type;
    const newName = this.rename(call, name);
    if (newName || fragment) {
      delta.function = {};
      if (newName) delta.function.name = newName;
      if (fragment) delta.function.arguments = fragment;
    }
    call.arguments += fragment;
    return delta;
  }

  private wireIndex(index: unknown): number | undefined {
    if (index === undefined || index === null) return undefined;
    const number = typeof index === "string" && /^\d+$/.test(index) ? Number(index) : index;
    if (typeof number !== "number" || !Number.isInteger(number) || number < 0) {
      throw new Failure("bad_response", "The service sent a tool call with an impossible index.");
    }
    if (number >= this.most) throw this.tooMany();
    return number;
  }

  private callFor(index: number | undefined, id: string, name: string, fragment: string): TrackedCall {
    if (index === undefined) {
      const known = id ? this.calls.find((call) => call.id === id) : this.calls.at(-1);
      return known && !(!id && beginsAnother(known, name, fragment)) ? known : this.open(undefined);
    }
    const known = this.newestAt.get(index);
    if (!known) return this.open(index);
    const otherId = id !== "" && known.id !== "" && id !== known.id;
    if (otherId) {
      const same = this.calls.find((call) => call.id === id);
      if (same) return same;
    }
    const another = otherId ? name !== "" : !id && beginsAnother(known, name, fragment);
    return another ? this.open(index) : known;
  }

  private open(index: number | undefined): TrackedCall {
    if (this.calls.length >= this.most) throw this.tooMany();
    const call: TrackedCall = { index: this.calls.length, id: "", name: "", arguments: "" };
    this.calls.push(call);
    if (index !== undefined) this.newestAt.set(index, call);
    return call;
  }

  /** @returns the name to tell, or "" where there is nothing new. */
  private rename(call: TrackedCall, name: string): string {
    if (!name || name === call.name) return "";
    const joined = call.name + name;
    const isFragment = this.toolNames.includes(joined) && !this.toolNames.includes(call.name);
    if (call.name && !isFragment) return "";
    call.name = call.name ? joined : name;
    return call.name;
  }

  private tooMany(): Failure {
    return new Failure("limit", `The service sent more than ${this.most} tool calls.`);
  }
}

/** A call that is whole, followed by a name and the beginning of an object: two calls under one number. */
function beginsAnother(known: TrackedCall, name: string, fragment: string): boolean {
  return name !== "" && fragment.startsWith("{") && isObject(tryParseJson(known.arguments));
}

function argumentsOf(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}
