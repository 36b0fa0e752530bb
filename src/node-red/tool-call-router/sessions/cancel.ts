import type { Sessions } from "../../../core/lifecycle/sessions.js";
import { asksFor } from "../../messages/ask-tags.js";
import { CancelledStreams } from "../../messages/cancelled-streams.js";
import type { Control } from "../../messages/control.js";
import type { Message, RuntimeNode, Send } from "../../red/api.js";
import { readCommandTopic, readOwnTopic, readStreamId } from "../../red/names.js";
import type { ToolCallTag } from "../classify.js";
import { composeReset } from "../requests.js";
import type { RunSession } from "../session.js";

/**
 * Ends runs from outside, and tells whoever streams for them: single streams only, since others may have asked the same
 * chat-stream.
 */
export class RouterCancel {
  private readonly cancelled = new CancelledStreams();

  constructor(
    private readonly node: RuntimeNode,
    private readonly sessions: Sessions<RunSession>,
  ) {}

  /** Notes a run or stream that begins. @returns false if it is a part of one that was cancelled */
  admit(id: string, message: Message): boolean {
    return this.cancelled.admit(id, readOwnTopic(message), message);
  }

  /** Does what a control message says. */
  control(message: Message, { reset }: Control, call: ToolCallTag | undefined, send: Send): void {
    const id = readStreamId(message);
    const topic = id === undefined && !call ? readCommandTopic(message) : "";
    const isMeant = ({ run, source }: RunSession) => {
      const { stream, base, key } = run.record;
      if (id !== undefined) return [stream, source, key].includes(id) || asksFor(base, id);
      return call ? key === call.run : topic === "" || readOwnTopic(base) === topic;
    };
    const sessions = this.sessions.list().filter(isMeant);
    if (id !== undefined) this.cancelled.cancel(id);
    else if (!call) this.cancelled.cancelAll(topic);
    for (const session of sessions) this.cancel(session, send, reset);
    const isNews = id === undefined ? reset && !call : sessions.length === 0;
    // A chat-stream knows of conversations that have no run here; none of its streams has this node's id.
    if (isNews) send([null, { ...message, parts: { index: 0, ...message.parts, id: id ?? this.node.id } }]);
  }

  /** Ends a run: at once, or with its stream, which may still say what it has. */
  cancel(session: RunSession, send: Send, reset = false): void {
    const { record } = session.run;
    const source = session.source ?? record.key;
    const stopped = session.cancel();
    if (reset) send([null, composeReset(record, source)]);
    else if (stopped !== undefined) this.stop(stopped, send);
  }

  /** Has a stream stopped at its source. */
  stop(id: string, send: Send): void {
    send([null, { cancel: true, parts: { id, index: 0 } }]);
  }
}
