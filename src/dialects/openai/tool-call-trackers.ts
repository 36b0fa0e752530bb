import type { Delta, ToolCallDelta } from "../../core/chat/chunk.js";
import { HeldSize } from "../held-size.js";
import { ToolCallTracker } from "./tool-call-tracker.js";

/** The trackers of all choices of a stream. */
export class ToolCallTrackers {
  // Created when it is needed: most streams have no tool calls.
  private byChoice: Map<number, ToolCallTracker> | undefined;

  /**
   * @param toolNames names of the request's tools
   * @param maxCalls how many calls a choice may have
   * @param held counts what is kept of the calls
   */
  constructor(
    private readonly toolNames: readonly string[],
    private readonly maxCalls: number,
    private readonly held = new HeldSize(),
  ) {}

  /** Gets the tracker of a choice. */
  get(choice: number): ToolCallTracker {
    this.byChoice ??= new Map();
    let tracker = this.byChoice.get(choice);
    if (!tracker) {
      tracker = new ToolCallTracker(this.toolNames, this.maxCalls, this.held);
      this.byChoice.set(choice, tracker);
    }
    return tracker;
  }

  /**
   * Normalises the tool calls of a delta, in place.
   * @param isEnd whether the choice ends with this delta
   * @throws Failure as `ToolCallTracker.normalise`
   */
  normalise(choice: number, delta: Delta, isEnd: boolean): void {
    const { tool_calls: pieces } = delta;
    if (!pieces && !(isEnd && this.byChoice?.has(choice))) return;
    const tracker = this.get(choice);
    const calls = tracker.normalise(pieces ?? []);
    if (isEnd) calls.push(...tracker.flush());
    if (calls.length > 0) delta.tool_calls = calls;
    else delete delta.tool_calls;
  }

  /** Ends all calls. @returns the pieces that were held back, by their choice */
  flush(): [choice: number, pieces: ToolCallDelta[]][] {
    const held = [...(this.byChoice ?? [])].map(([choice, tracker]): [number, ToolCallDelta[]] => [
      choice,
      tracker.flush(),
    ]);
    return held.filter(([, pieces]) => pieces.length > 0);
  }
}
