import { createUuid } from "../../core/lifecycle/create-uuid.js";
import type { Ticket } from "../../core/lifecycle/slots.js";
import { answers } from "../chat-endpoint/answers.js";
import { departures } from "../chat-endpoint/departures.js";
import type { RunningRequest } from "../chat-provider/runtime.js";
import { type EndRow, liveStreams } from "../live-view/live-streams.js";
import { readContinuation, readTags } from "../messages/ask-tags.js";
import { closedStreams } from "../messages/closed-streams.js";
import { inFlight } from "../messages/in-flight.js";
import { StreamWriter } from "../messages/stream-writer.js";
import type { Done, Message, NodeRed, RuntimeNode, Send } from "../red/api.js";
import { readCallNames } from "../runs/call-names.js";
import { cancels } from "../runs/cancels.js";
import type { ComposedRequest } from "./composing/request.js";
import type { ChatStreamConfig } from "./config.js";
import { LiveSession } from "./live-session.js";

/** What a chat-stream remembers of one stream, from the message that asks for it to its end. */
export interface StreamSession {
  /** The stream's id. */
  id: string;
  /** Number of the stream among those of its node, in order of arrival, from 1. */
  arrival: number;
  /** Key of its conversation. With `whenBusy: "wait"`, the streams of one key run one after the other. */
  key: string;
  /** Whether the key has been evaluated. */
  hasKey: boolean;
  /** The message that asks for the stream. */
  message: Message;
  writer: StreamWriter;
  done: Done;
  /** Its place among the streams of its conversation, with `whenBusy: "wait"` or `"steer"`. */
  ticket: Ticket | undefined;
  running: RunningRequest | undefined;
  /** The request, once it is composed and valid. */
  composed: ComposedRequest | undefined;
  isOver: boolean;
  /** Id of the stream whose run has taken the question, with `whenBusy: "steer"`. */
  steered: string | undefined;
  /** Ends its row in the live view. */
  endRow: EndRow;
  /** Ends the work on behalf of the nodes and of the client that asked. */
  release: () => void;
  /** The same, without an answer. */
  abandon: () => void;
  /** Whether nobody waits for the answer: the client that asked has left, or the tool's call that asked was cancelled. */
  isUnwanted: () => boolean;
}

/** Where a stream comes from: its node, and the message that asks for it. */
interface Origin {
  red: NodeRed;
  node: RuntimeNode;
  config: ChatStreamConfig;
  arrival: number;
  message: Message;
  send: Send;
  done: Done;
}

/**
 * Creates the session of a new stream.
 * @param cancel called if the client that asked leaves, the tool's call that asked is cancelled, or somebody stops the stream
 *   in the live view
 */
export function createSession(
  { red, node, config, arrival, message, send, done }: Origin,
  cancel: (id: string) => void,
): StreamSession {
  const id = createUuid();
  const writer = new StreamWriter({
    id,
    message,
    send,
    mergeReads: config.mergeReads === true,
    // The continuation of a broken answer starts in the middle of the object.
    partial: config.partial === true && !readContinuation(message),
  });
  const releaseTags = inFlight.hold(readTags(message));
  const endReaderWatch = departures.watch(message, () => cancel(id));
  const calls = readCallNames(message);
  const endCallWatch = cancels.watch(calls, () => cancel(id));
  const release = () => {
    releaseTags();
    endReaderWatch();
    endCallWatch();
  };
  const session: StreamSession = {
    id,
    arrival,
    key: "",
    hasKey: false,
    message,
    writer,
    done,
    ticket: undefined,
    running: undefined,
    composed: undefined,
    isOver: false,
    steered: undefined,
    endRow: () => {},
    release,
    abandon: () => {
      release();
      answers.abandon(message);
      closedStreams.announce(id);
      // A request that runs ends the row itself, with what it has cost.
      if (!session.running) session.endRow(undefined);
    },
    isUnwanted: () => departures.hasLeft(message) || cancels.isCancelled(calls),
  };
  session.endRow = liveStreams.begin(new LiveSession(red, node, config, session, () => cancel(id)));
  return session;
}
