import { randomUUID } from "node:crypto";
import type { Ticket } from "../../core/lifecycle/slots.js";
import { answers } from "../chat-endpoint/answers.js";
import { departures } from "../chat-endpoint/departures.js";
import type { RunningRequest } from "../chat-provider/runtime.js";
import { readContinuation, readTags } from "../messages/ask-tags.js";
import { inFlight } from "../messages/in-flight.js";
import { StreamWriter } from "../messages/stream-writer.js";
import type { Done, Message, Send } from "../red/api.js";
import type { ChatStreamConfig } from "./config.js";
import type { ComposedRequest } from "./request.js";

/** What a chat-stream remembers of one stream, from the message that asks for it to its end. */
export interface StreamSession {
  /** The stream's id. */
  id: string;
  /** Key of its conversation. With `whenBusy: "wait"`, the streams of one key run one after the other. */
  key: string;
  /** Whether the key has been evaluated. */
  hasKey: boolean;
  /** The message that asks for the stream. */
  message: Message;
  writer: StreamWriter;
  done: Done;
  /** Its place in the lane of its conversation, with `whenBusy: "wait"`. */
  ticket: Ticket | undefined;
  running: RunningRequest | undefined;
  /** The request, once it is composed and valid. */
  composed: ComposedRequest | undefined;
  isOver: boolean;
  /** Ends the work on behalf of the nodes and of the client that asked. */
  release: () => void;
  /** The same, without an answer. */
  abandon: () => void;
  /** Whether the client that asked has left. */
  hasNoReader: () => boolean;
}

/**
 * Creates the session of a new stream.
 * @param onLeave called if the client that asked leaves
 */
export function createSession(
  message: Message,
  send: Send,
  done: Done,
  { mergeReads, partial }: ChatStreamConfig,
  onLeave: (id: string) => void,
): StreamSession {
  const id = randomUUID();
  const writer = new StreamWriter({
    id,
    message,
    send,
    mergeReads: mergeReads === true,
    // The continuation of a broken answer starts in the middle of the object.
    partial: partial === true && !readContinuation(message),
  });
  const releaseTags = inFlight.hold(readTags(message));
  const unwatch = departures.watch(message, () => onLeave(id));
  const release = () => {
    releaseTags();
    unwatch();
  };
  return {
    id,
    key: "",
    hasKey: false,
    message,
    writer,
    done,
    ticket: undefined,
    running: undefined,
    composed: undefined,
    isOver: false,
    release,
    abandon: () => {
      release();
      answers.abandon(message);
    },
    hasNoReader: () => departures.hasLeft(message),
  };
}
