import { Failure } from "../../core/failure.js";
import type { Sessions } from "../../core/lifecycle/sessions.js";
import type { Message } from "../red/api.js";

/** Streams that one node may have open. Each holds text or sound. */
export const MAX_OPEN_STREAMS = 1000;

/** A stream without a message for this long has expired. */
export const STREAM_EXPIRY_MS = 900_000;

/** How long a node waits for delayed messages once the last one has arrived. */
export const MAX_STRAGGLER_WAIT_MS = 5_000;

/**
 * Finds the open stream that a message belongs to, or opens it with the message.
 * @param action what the node does with messages, for the error, such as “collect puts together”
 * @param create makes the state of a new stream
 * @returns undefined if the stream has ended and the message is late
 * @throws Failure `configuration` if the message has no id and index in `msg.parts`
 */
export function findOrOpenStream<T>(
  sessions: Sessions<T>,
  message: Message,
  action: string,
  create: (id: string) => T,
): T | undefined {
  const id = requireStreamId(message, action);
  if (sessions.hasEnded(id)) return undefined;
  const open = sessions.get(id);
  if (open) return open;
  const created = create(id);
  sessions.open(id, created);
  return created;
}

function requireStreamId({ parts }: Message, action: string): string {
  if (typeof parts?.id !== "string" || !Number.isInteger(parts.index) || parts.index < 0) {
    throw new Failure(
      "configuration",
      `${action} the messages of a stream, but this message has no id and index in msg.parts. Wire the node behind a chat-stream.`,
    );
  }
  return parts.id;
}
