import type { CompletionMachine } from "../../core/chat/completion.js";
import type { Phase } from "../../core/failure.js";
import type { Deadlines } from "../../core/lifecycle/deadlines.js";
import type { PausedAnswer } from "../paused-answer.js";

/** How far a run has come. */
interface RunProgress {
  /** Status of the response; 0 until it has come. */
  readonly status: number;
  readonly deadlines: Deadlines;
  readonly machine: CompletionMachine;
  readonly pauses: PausedAnswer;
}

/** Finds the phase in which a run failed. @param known what the failure itself says */
export function findPhase(known: Phase, { status, deadlines, machine, pauses }: RunProgress): Phase {
  if (pauses.continuations > 0 && machine.hasContent) return "streaming";
  if (status >= 200 && status < 300) return machine.hasContent ? "streaming" : "first_chunk";
  return status >= 300 || deadlines.hasConnected ? "headers" : known;
}
