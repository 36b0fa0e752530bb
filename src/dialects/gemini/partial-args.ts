import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";

/** Most characters that arguments may gather before anybody hears of them. */
const LONGEST_UNHEARD = 16 * 1024 * 1024;

/** Deepest place that a piece may name. */
const DEEPEST = 64;

/** `$.a`, `[0]`, `['odd name']`: all that Gemini writes of JSONPath. */
const STEP = /\.([^.[\]]+)|\[(\d+)\]|\[(["'])(.*?)\3\]/y;

type Step = string | number;

/**
 * Arguments of a function call that come piece by piece, each with its place (Gemini API reference, "PartialArg"): a
 * text goes on where the one before it at the same place has stopped.
 */
export class PartialArgs {
  private readonly root: Record<string, unknown> = {};
  private length = 0;

  /** @throws Failure `bad_response` for a place that cannot be, `limit` where the arguments grow too long */
  add(pieces: unknown): void {
    if (!Array.isArray(pieces)) return;
    for (const piece of pieces) {
      if (!isObject(piece)) continue;
      const value = valueOfPiece(piece);
      if (value !== undefined) this.put(stepsOf(piece["jsonPath"]), value);
    }
  }

  toString(): string {
    return JSON.stringify(this.root);
  }

  private put(steps: readonly Step[], value: unknown): void {
    this.length += typeof value === "string" ? value.length + 1 : 1;
    if (this.length > LONGEST_UNHEARD) {
      throw new Failure(
        "limit",
        "The service sent arguments of a tool call that are longer than any should be.",
      );
    }
    let holder: unknown = this.root;
    for (const [at, step] of steps.entries()) {
      const members = membersOf(holder, step);
      const known = Object.hasOwn(members, step) ? members[step] : undefined;
      if (at === steps.length - 1) {
        members[step] = typeof known === "string" && typeof value === "string" ? known + value : value;
      } else {
        members[step] = known ?? (typeof steps[at + 1] === "number" ? [] : {});
        holder = members[step];
      }
    }
  }
}

function valueOfPiece(piece: Record<string, unknown>): unknown {
  if ("nullValue" in piece) return null;
  return piece["stringValue"] ?? piece["numberValue"] ?? piece["boolValue"];
}

/** An object for a name, an array for a number that leaves no gap. */
function membersOf(holder: unknown, step: Step): Record<Step, unknown> {
  const fits = typeof step === "number" ? Array.isArray(holder) && step <= holder.length : isObject(holder);
  if (!fits) throw impossible();
  return holder as Record<Step, unknown>;
}

function stepsOf(path: unknown): Step[] {
  const steps: Step[] = [];
  if (typeof path !== "string" || path[0] !== "$") throw impossible();
  for (let at = 1; at < path.length; at = STEP.lastIndex) {
    STEP.lastIndex = at;
    const found = STEP.exec(path);
    const name = found?.[1] ?? found?.[4];
    if (!found || name === "__proto__" || steps.length >= DEEPEST) throw impossible();
    steps.push(name ?? Number(found[2]));
  }
  if (steps.length === 0) throw impossible();
  return steps;
}

function impossible(): Failure {
  return new Failure("bad_response", "The service sent a piece of a tool call whose place cannot be.", {
    retryable: true,
  });
}
