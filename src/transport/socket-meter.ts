import type { Socket } from "node:net";
import { Failure } from "../core/failure.js";

/** Bytes that a socket may read without any that belong to the body of a response. */
const MAX_BARREN_BYTES = 16 * 1024 * 1024;

/** Wants to know when a read of a socket ends. */
export interface ReadEndListener {
  /** Undici has handed on everything that came in one read of the socket. What this throws ends the connection. */
  onSocketRead(): void;
}

/**
 * Follows the reads of a socket, and counts their bytes. Undici hands on the bodies only, but a service can also send
 * without end what HTTP allows around them, such as extensions of chunks.
 */
export class SocketMeter {
  /** Bytes of the socket that were taken before. */
  private takenBytes = 0;
  private isReading = false;
  /** Waits for the end of the current read. */
  private listener: ReadEndListener | undefined;

  constructor(private readonly socket: Socket) {
    socket.on("readable", () => {
      this.isReading = true;
      readingSocket = this;
      if (socket.bytesRead - this.takenBytes <= MAX_BARREN_BYTES) return;
      const problem =
        "The service sends without end and without an answer. Check the service, or choose another one.";
      socket.destroy(new Failure("limit", problem));
    });
  }

  /** Watches for the ends of reads. Call it after undici has begun to listen: listeners are called in the order they came. */
  watchReadEnds(): void {
    this.socket.on("readable", () => {
      const { listener } = this;
      this.isReading = false;
      this.listener = undefined;
      try {
        listener?.onSocketRead();
      } catch (thrown) {
        this.socket.destroy(thrown as Error);
      }
    });
  }

  /** @returns whether the listener is called at the end of the current read */
  join(listener: ReadEndListener): boolean {
    if (this.isReading) this.listener ??= listener;
    return this.isReading && this.listener === listener;
  }

  /** @returns the bytes that were read since the last call */
  takeBytes(): number {
    const { bytesRead } = this.socket;
    const bytes = bytesRead - this.takenBytes;
    this.takenBytes = bytesRead;
    return bytes;
  }
}

/** The socket whose bytes are read at the moment. */
let readingSocket: SocketMeter | undefined;

/**
 * Gets how many bytes the socket that is being read has read since the last call. Call it for each part of a body.
 * @returns 0 if no socket has been read so far
 */
export function takeReadBytes(): number {
  return readingSocket?.takeBytes() ?? 0;
}

/**
 * Asks to be called at the end of the current read of a socket.
 * @returns false if no socket is being read, or if another listener has joined the read; this one is then not called
 */
export function joinRead(listener: ReadEndListener): boolean {
  return readingSocket?.join(listener) === true;
}
