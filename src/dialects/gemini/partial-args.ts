import { Failure } from "../../core/failure.js";
import { estimateGrowthBytes, estimateMemberBytes, estimatePieceBytes } from "../../core/json/heap-size.js";
import { isObject } from "../../core/json/parse.js";
import { HeldSize } from "../held-size.js";

/** How many steps the path of a piece may have. */
const MAX_STEPS = 64;

/** A step of a path: `.a`, `[0]` or `['odd name']`. Gemini uses no more of JSONPath than these. */
const STEP = /\.([^.[\]]+)|\[(\d+)\]|\[(["'])(.*?)\3\]/y;

type Step = string | number;

/**
 * Assembles the arguments of a function call from pieces, each of which has a path and a value (Gemini API reference,
 * "PartialArg"). A text continues the text that is already at its path.
 */
export class PartialArgs {
  private readonly root: Record<string, unknown> = {};

  /** @param held counts the arguments */
  constructor(private readonly held = new HeldSize()) {}

  /**
   * Adds pieces.
   * @param pieces `partialArgs` of a record; anything that is not a piece is ignored
   * @throws Failure `bad_response` if a path is invalid or does not fit the arguments so far; `limit` if the
   *   arguments take too much memory
   */
  add(pieces: unknown): void {
    if (!Array.isArray(pieces)) return;
    for (const piece of pieces) {
      if (!isObject(piece)) continue;
      const value = readValue(piece);
      if (value !== undefined) this.setValue(parsePath(piece["jsonPath"]), value);
    }
  }

  /** Whether no piece has come. */
  get isEmpty(): boolean {
    return Object.keys(this.root).length === 0;
  }

  /** The arguments so far, as JSON. */
  toString(): string {
    return JSON.stringify(this.root);
  }

  private setValue(steps: readonly Step[], value: unknown): void {
    let container: unknown = this.root;
    for (const [position, step] of steps.entries()) {
      const members = checkContainer(container, step);
      const current = Object.hasOwn(members, step) ? members[step] : undefined;
      const name = String(step);
      if (position === steps.length - 1) {
        const grows = typeof current === "string" && typeof value === "string";
        this.held.add(grows ? estimatePieceBytes(value) : estimateGrowthBytes(name, current, value));
        members[step] = grows ? current + value : value;
        return;
      }
      const next = current ?? (typeof steps[position + 1] === "number" ? [] : {});
      if (next !== current) this.held.add(estimateMemberBytes(name, next));
      members[step] = next;
      container = next;
    }
  }
}

function readValue(piece: Record<string, unknown>): unknown {
  if ("nullValue" in piece) return null;
  return piece["stringValue"] ?? piece["numberValue"] ?? piece["boolValue"];
}

/** Checks that a step fits its container: a name an object, a number an array in which it leaves no gap. */
function checkContainer(container: unknown, step: Step): Record<Step, unknown> {
  const fits =
    typeof step === "number" ? Array.isArray(container) && step <= container.length : isObject(container);
  if (!fits) throw createPathFailure();
  return container as Record<Step, unknown>;
}

function parsePath(path: unknown): Step[] {
  const steps: Step[] = [];
  if (typeof path !== "string" || path[0] !== "$") throw createPathFailure();
  for (let start = 1; start < path.length; start = STEP.lastIndex) {
    STEP.lastIndex = start;
    const match = STEP.exec(path);
    const name = match?.[1] ?? match?.[4];
    if (!match || name === "__proto__" || steps.length >= MAX_STEPS) throw createPathFailure();
    steps.push(name ?? Number(match[2]));
  }
  if (steps.length === 0) throw createPathFailure();
  return steps;
}

function createPathFailure(): Failure {
  return new Failure(
    "bad_response",
    "The service sent a piece of a tool call with an impossible path, so its place in the arguments is unknown. Send the request again.",
    { retryable: true },
  );
}
