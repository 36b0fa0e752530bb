import type { Clock } from "../../core/clock.js";
import type { Sessions } from "../../core/lifecycle/sessions.js";
import { CancelledStreams } from "../messages/cancelled-streams.js";
import type { Control } from "../messages/control.js";
import { asksFor } from "../messages/retry-tag.js";
import type { Message, RuntimeNode, Send } from "../red/api.js";
import type { ToolCallTag } from "./messages.js";
import { resetMessage } from "./requests.js";
import type { RouterRun } from "./run.js";

/** How long a cancelled stream has to end by itself, with what it said; milliseconds. */
const GRACE = 2_000;

/**
 * Ends runs from outside, and tells whoever streams for them: of single streams only, for others may have asked
 * something of the same chat-stream.
 */
export class RouterCancel {
  private readonly cancelled = new CancelledStreams();

  constructor(
    private readonly node: RuntimeNode,
    private readonly clock: Clock,
    private readonly sessions: Sessions<RouterRun>,
  ) {}

  /** Notes a run or a stream that begins. @returns false where it is a part of one that was cancelled */
  admit(id: string, message: Message): boolean {
    return this.cancelled.admit(id, topicOf(message), message);
  }

  /** Does what a control message says. */
  control(message: Message, { reset }: Control, call: ToolCallTag | undefined, send: Send): void {
    const { parts } = message;
    const topic = topicOf(message);
    const id = parts?.id;
    const meant = (run: RouterRun) => {
      if (id !== undefined) return run.stream === id || run.source === id || asksFor(run.base, id);
      return call ? run.key === call.run : topic === "" || topicOf(run.base) === topic;
    };
    const runs = this.sessions.list().filter(meant);
    if (id !== undefined) this.cancelled.cancel(id);
    else if (!call) this.cancelled.cancelAll(topic);
    for (const run of runs) this.cancel(run, send, reset);
    const isNews = id === undefined ? reset && !call : runs.length === 0;
    // Of conversations a chat-stream knows more than we do; and no stream of it has this node's id.
    if (isNews) send([null, { ...message, parts: { index: 0, ...parts, id: id ?? this.node.id } }]);
  }

  /** Ends a run: at once, or with its stream, which may still say what it has. */
  cancel(run: RouterRun, send: Send, reset = false): void {
    const { key, phase, source } = run;
    if (phase === "tools") this.sessions.end(key, "cancelled");
    else {
      run.cancelled = true;
      run.grace ??= this.clock.setTimer(() => this.sessions.end(key, "cancelled"), GRACE);
    }
    const id = (phase === "streaming" && source) || key;
    if (reset) send([null, resetMessage(run, id)]);
    else if (phase !== "tools") this.stop(id, send);
  }

  /** Has a stream stopped at its source. */
  stop(id: string, send: Send): void {
    send([null, { cancel: true, parts: { id, index: 0 } }]);
  }
}

/** Inject nodes write an empty topic. */
function topicOf({ topic }: Message): unknown {
  return topic ?? "";
}
