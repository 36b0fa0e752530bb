import type { RecentMap } from "../../../core/lifecycle/recent-map.js";
import type { SessionEnd, Sessions } from "../../../core/lifecycle/sessions.js";
import { findRunTag, type RunTag } from "../../messages/ask-tags.js";
import type { StreamMessage } from "../../messages/stream-message.js";
import type { Message, Send } from "../../red/api.js";
import type { RouterEnvironment } from "../environment.js";
import type { RunSession } from "../session.js";
import { FOREIGN_STREAM, ORPHAN } from "../texts.js";
import type { RouterCancel } from "./cancel.js";
import { ForeignStreams } from "./foreign-streams.js";

/** Finds the runs that streams belong to. A stream that no router has asked for is a run of its own. */
export class StreamClaims {
  /** The runs by the streams of their present turns. */
  private readonly bySource = new Map<string, RunSession>();
  private readonly foreign: ForeignStreams;

  /**
   * @param ended streams and runs that ended lately
   * @param create creates the run of a stream that no router has asked for
   */
  constructor(
    private readonly router: RouterEnvironment,
    private readonly sessions: Sessions<RunSession>,
    private readonly ended: RecentMap<SessionEnd>,
    private readonly cancels: RouterCancel,
    private readonly create: (message: Message, send: Send) => RunSession,
  ) {
    this.foreign = new ForeignStreams(router.red, router.node);
  }

  /** @returns the run of a message; undefined if it is of no concern here, and was passed on or dropped */
  find(message: StreamMessage, send: Send): RunSession | undefined {
    return this.bySource.get(message.parts.id) ?? this.claimNew(message, send);
  }

  /** A stream is over, or nobody reads it any more. */
  close(source: string, hasEnded: boolean, send: Send): void {
    this.bySource.delete(source);
    this.ended.set(source, hasEnded ? "finished" : "cancelled");
    if (!hasEnded) this.cancels.stop(source, send);
  }

  /** Finds the run of a stream that no run has, not yet or no more. */
  private claimNew(message: StreamMessage, send: Send): RunSession | undefined {
    const { red, node, warnings } = this.router;
    const { id } = message.parts;
    const end = this.ended.get(id);
    let tag = findRunTag(message);
    if (tag && tag.node !== node.id) {
      if (red.nodes.getNode(tag.node)) {
        // Once it was left to that router it stays so, though that one may go meanwhile.
        this.ended.set(id, "finished");
        if (this.foreign.passes(id, tag.node)) send(message);
        else warnings.warn(FOREIGN_STREAM);
        return undefined;
      }
      tag = undefined;
      if (!end) warnings.warn(ORPHAN);
    }
    const session = end ? undefined : this.claim(message, tag, send);
    if (session) return session;
    // The reader has got its end, or went with an earlier deploy: a service answers in vain.
    this.ended.set(id, "finished");
    if (end !== "finished" && message.complete !== true) this.cancels.stop(id, send);
    return undefined;
  }

  /** Finds whose turn a stream is that begins. */
  private claim(message: StreamMessage, tag: RunTag | undefined, send: Send): RunSession | undefined {
    const { id } = message.parts;
    const isWanted = this.cancels.admit(id, message);
    const session = tag ? this.sessions.get(tag.run) : this.create(message, send);
    if (!session) return undefined;
    const { record, state } = session.run;
    if (tag && (state.phase !== "asked" || record.round !== tag.round)) return undefined;
    if (!tag && !isWanted) {
      session.handle({ type: "cancelled" });
      return undefined;
    }
    if (!tag) this.sessions.open(record.key, session);
    this.bySource.set(id, session);
    session.send = send;
    session.begin(message);
    if (record.isCancelled) this.cancels.cancel(session, send);
    return session;
  }
}
