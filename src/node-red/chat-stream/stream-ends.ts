import type { ChatResult } from "../../client/chat-types.js";
import { toFailure } from "../../core/failure.js";
import { Slices } from "../../core/lifecycle/slices.js";
import type { AnswerWarnings } from "../chat-provider/answer-warnings.js";
import type { NodeHost } from "../red/host.js";
import { toNodeError } from "../red/node-error.js";
import type { ConversationStore } from "./conversation/store.js";
import { collectEndFields, type EndOfStream } from "./end-fields.js";
import type { StreamSession } from "./session.js";
import type { StreamStatus } from "./status.js";

/** How many stopped streams send their last messages in one iteration of the event loop. */
const MAX_STOPPED_PER_TURN = 250;

/** What an end reaches through its node. */
export interface EndPorts {
  host: NodeHost;
  conversation: ConversationStore;
  status: StreamStatus;
  warnings: AnswerWarnings;
  /** Forgets the stream's session. */
  closeSession(id: string): void;
}

/** Ends the streams of a node, each once: sends the last message, then calls `done`. */
export class StreamEnds {
  private isClosed = false;
  /** Ends of stopped streams. All are stopped first: what takes their place does not wait for their last messages. */
  private readonly stopped: Slices;

  constructor(private readonly ports: EndPorts) {
    this.stopped = new Slices(ports.host.clock, MAX_STOPPED_PER_TURN);
  }

  finish(stream: StreamSession, result: ChatResult): void {
    if (stream.isOver) {
      stream.endRow(result);
      return;
    }
    stream.isOver = true;
    const end = () => {
      const { host, warnings } = this.ports;
      stream.endRow(result);
      host.run(() => warnings.warnOf(result));
      host.run(() => this.collect(stream, result).then((fields) => this.send(stream, result, fields)));
    };
    if (result.outcome !== "cancelled") {
      end();
      return;
    }
    // The conversation does not change, so the next of its streams may begin.
    stream.ticket?.release();
    this.stopped.run(end);
  }

  /** From here on, streams end without a last message. */
  close(): void {
    this.isClosed = true;
    this.stopped.flush();
  }

  private collect(stream: StreamSession, result: ChatResult): Promise<EndOfStream> {
    return collectEndFields(stream, result, this.ports.conversation).catch((thrown: unknown) => ({
      fields: {},
      failure: toFailure(thrown),
    }));
  }

  private send(stream: StreamSession, result: ChatResult, { fields, failure }: EndOfStream): void {
    if (this.isClosed) {
      stream.abandon();
      return;
    }
    stream.release();
    try {
      stream.writer.end(result, fields);
    } finally {
      this.ports.status.endStream(stream.id, result, failure);
      this.ports.closeSession(stream.id);
      if (failure) stream.done(toNodeError(failure));
      else this.ports.host.finish(stream.done, result.failure);
      stream.ticket?.release();
    }
  }
}
