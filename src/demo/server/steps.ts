import type { Fault } from "./models.js";

/** What a part of a stream is. Only `reasoning` and `content` wait for the pace. */
export type StepKind = "reasoning" | "content" | "finish" | "other";

/** Some text of a stream. */
export interface TextStep {
  readonly kind: StepKind;
  readonly text: string;
  /** Whether it leaves at once, because it was made before the client asked for it. */
  readonly isDue?: boolean;
}

/** The end of a stream that breaks. */
export type Breakage =
  /** The connection breaks, once everything before has left. */
  | { readonly kind: "drop" }
  /** Nothing more comes, and the connection stays open. */
  | { readonly kind: "stall" };

/** What happens next in a stream. */
export type Step = TextStep | Breakage;

/** Whether a step waits for the pace. */
export function isPaced({ kind }: { readonly kind: string }): boolean {
  return kind === "content" || kind === "reasoning";
}

/** What a form sends for a fault. */
export interface FaultSteps<T> {
  /** A record that is not JSON. */
  readonly malformed?: T;
  /** The end of a stream with an `error` fault. */
  readonly error?: readonly T[];
}

/** Adds a fault after `fault.after` content chunks; in a shorter answer it comes before the end. */
export function* addFault<T extends { readonly kind: StepKind }>(
  steps: Iterable<T>,
  fault: Fault,
  { malformed, error = [] }: FaultSteps<T>,
): Generator<T | Breakage> {
  let contents = 0;
  let isOver = false;
  for (const step of steps) {
    const isDue = step.kind === "finish" || (step.kind === "content" && contents === fault.after);
    if (isDue && !isOver) {
      isOver = true;
      if (fault.kind === "drop" || fault.kind === "stall") {
        yield { kind: fault.kind };
        return;
      }
      if (fault.kind === "error") {
        yield* error;
        return;
      }
      // The stream goes on after the broken record: a client that skips it gets the whole answer.
      if (fault.kind === "malformed" && malformed) yield malformed;
    }
    if (step.kind === "content") contents++;
    yield step;
  }
}
