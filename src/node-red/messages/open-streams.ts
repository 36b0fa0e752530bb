import { Failure } from "../../core/failure.js";
import type { Sessions } from "../../core/lifecycle/sessions.js";
import type { Message } from "../red/api.js";
import { readRestarts } from "./stream-message.js";

/** Streams that one node may have open. Each holds text or sound. */
export const MAX_OPEN_STREAMS = 1000;

/** A stream without a message for this long has expired. */
export const STREAM_EXPIRY_MS = 900_000;

/** How long a node waits for delayed messages once the last one has arrived. */
export const MAX_STRAGGLER_WAIT_MS = 5_000;

/** What a node remembers of an open stream: at least how often it has begun again. */
export interface OpenStream {
  readonly restarts: number;
}

/** How a node opens streams. */
export interface StreamOpener<T extends OpenStream> {
  sessions: Sessions<T>;
  /** What the node does with messages, for the error, such as “collect puts together”. */
  action: string;
  /** Makes the state of a new stream, or of one that begins again. */
  create(id: string, restarts: number): T;
  /** Called before the first message of a stream that begins again. The earlier state is gone. */
  onRestart?(message: Message): void;
}

/**
 * Finds the open stream that a message belongs to, or opens it with the message. A stream that begins again shows that on
 * each of its messages, so the first of them that arrives replaces the earlier state.
 * @returns undefined if the message is late: its stream has ended, or has begun again since
 * @throws Failure `configuration` if the message has no id and index in `msg.parts`
 */
export function findOrOpenStream<T extends OpenStream>(
  { sessions, action, create, onRestart }: StreamOpener<T>,
  message: Message,
): T | undefined {
  const id = requireStreamId(message, action);
  const restarts = readRestarts(message);
  const open = sessions.get(id);
  if (open) {
    if (restarts === open.restarts) return open;
    if (restarts < open.restarts) return undefined;
    sessions.end(id, "cancelled");
    sessions.forget(id);
  } else if (isLate(sessions, id, message)) return undefined;
  if (restarts > 0) onRestart?.(message);
  const created = create(id, restarts);
  sessions.open(id, created);
  return created;
}

/**
 * Ends a stream with its last message. A sequence of core nodes may be followed by another one: `batch`, `csv` and `file`
 * give all sequences that they make of one message the same id.
 */
export function endStream<T>(sessions: Sessions<T>, id: string, last: Message): void {
  sessions.end(id, "finished");
  if (last.complete === undefined) sessions.allowAnother(id);
}

/** Whether a message comes after its stream has ended, and does not begin another sequence of the same id. */
export function isLate<T>(sessions: Sessions<T>, id: string, { parts }: Message): boolean {
  return sessions.hasEnded(id) && !(parts?.index === 0 && sessions.allowsAnother(id));
}

function requireStreamId({ parts }: Message, action: string): string {
  if (typeof parts?.id !== "string" || !Number.isSafeInteger(parts.index) || parts.index < 0) {
    throw new Failure(
      "configuration",
      `${action} the messages of a stream, but this message has no id and index in msg.parts. Wire the node behind a chat-stream. A node between them has to keep msg.parts, and a collect makes one message of the stream.`,
    );
  }
  return parts.id;
}
