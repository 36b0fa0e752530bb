import { Failure } from "../../core/failure.js";
import { RecentMap } from "../../core/lifecycle/recent-map.js";
import type { AnswerSource } from "../chat-endpoint/answer.js";
import { answers } from "../chat-endpoint/answers.js";
import { departures } from "../chat-endpoint/departures.js";
import { readAnswerId } from "../chat-endpoint/reply-address.js";
import { readControl } from "../messages/control.js";
import { inheritProperties } from "../messages/inherited-properties.js";
import { hasPlace, isLastMessage } from "../messages/stream-message.js";
import type { Done, Message, NodeConfig, NodeRed, RuntimeNode, Send } from "../red/api.js";
import { WarnOnce } from "../red/log.js";
import { StatusLine } from "../red/status-line.js";

/** Streams that have been told to stop. */
const MAX_REMEMBERED = 1000;

/** The runtime half of a chat-out node: gives the messages of a flow to the client that asked. */
export class ChatOutController implements AnswerSource {
  private readonly status: StatusLine;
  private readonly warnOnce: WarnOnce;
  private readonly stopped = new RecentMap<true>(MAX_REMEMBERED);
  private send: Send = () => {};

  constructor(
    private readonly red: NodeRed,
    node: RuntimeNode,
    _config: NodeConfig,
  ) {
    this.status = new StatusLine(node);
    this.warnOnce = new WarnOnce(node);
  }

  input(message: Message, send: Send, done: Done): void {
    // A cancelled stream ends by itself: its last message is still to come.
    if (readControl(message)) {
      done();
      return;
    }
    const id = readAnswerId(message);
    if (id === undefined) {
      throw new Failure(
        "configuration",
        "chat-out answers the client in msg.replyTo, but this message has none. Wire the node behind a chat-in, and leave msg.replyTo on the message.",
      );
    }
    this.send = send;
    const reception = answers.receive(id, message, this);
    if (reception === "foreign")
      this.warnOnce.warn(
        "Two answers came for one request. The first one counts; the other is dropped. If both are parts of one stream, leave msg.parts on its messages.",
      );
    if (reception === "late" && departures.hasLeft(message) && !isLastMessage(message)) this.stop(message);
    done();
  }

  /** Ends the answers that come from here. A message that came later would reach the newly deployed flow. */
  close(): void {
    answers.interruptAll((answer) => answer.comesFrom(this));
    this.status.close();
  }

  /** Stops the stream that a message belongs to: its reader has left. */
  stop(message: Message): void {
    if (!hasPlace(message) || this.stopped.has(message.parts.id)) return;
    const { id } = message.parts;
    this.stopped.set(id, true);
    this.status.show(() => ({ fill: "grey", shape: "ring", text: this.red._("chat-out.status.left") }));
    this.send({ ...inheritProperties(message), cancel: true, parts: { id, index: 0 } });
  }
}
