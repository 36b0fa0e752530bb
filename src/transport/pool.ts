import type { Socket } from "node:net";
import { buildConnector, Pool } from "undici";
import { Failure } from "../core/failure.js";
import { ConnectError } from "./errors.js";

/** How many requests wait for a connection, in all agents together. */
let waitingRequests = 0;

/**
 * Counts a request that waits for a connection.
 * @returns a function to call when it has a connection or no longer needs one; it may be called more than once
 */
export function startWaiting(): () => void {
  let isWaiting = true;
  waitingRequests++;
  return () => {
    if (isWaiting) waitingRequests--;
    isWaiting = false;
  };
}

/** Bytes that a socket may read before any of them belong to the body of a response. */
const MAX_BARREN_BYTES = 16 * 1024 * 1024;

/** Takes part in a read of a socket. */
export interface SocketReader {
  /** Undici has handed on everything that came in one read of the socket. What this throws ends the connection. */
  onSocketRead(): void;
}

/**
 * Follows the reads of a socket, and counts their bytes. Undici hands on the bodies only, but a service can also send
 * without end what HTTP allows around them, such as extensions of chunks.
 */
class SocketMeter {
  private taken = 0;
  private isReading = false;
  /** Waits for the end of the current read. */
  private reader: SocketReader | undefined;

  constructor(private readonly socket: Socket) {
    socket.on("readable", () => {
      this.isReading = true;
      readingSocket = this;
      if (socket.bytesRead - this.taken <= MAX_BARREN_BYTES) return;
      const problem =
        "The service sends without end and without an answer. Check the service, or choose another one.";
      socket.destroy(new Failure("limit", problem));
    });
  }

  /** Call it after undici has begun to listen to the socket: listeners are called in the order in which they came. */
  watchReadEnds(): void {
    this.socket.on("readable", () => {
      const { reader } = this;
      this.isReading = false;
      this.reader = undefined;
      try {
        reader?.onSocketRead();
      } catch (thrown) {
        this.socket.destroy(thrown as Error);
      }
    });
  }

  /** @returns whether the reader is called at the end of the current read */
  join(reader: SocketReader): boolean {
    if (this.isReading) this.reader ??= reader;
    return this.isReading && this.reader === reader;
  }

  take(): number {
    const { bytesRead } = this.socket;
    const bytes = bytesRead - this.taken;
    this.taken = bytesRead;
    return bytes;
  }
}

/** The socket whose bytes are read at the moment. */
let readingSocket: SocketMeter | undefined;

/** Takes how many bytes the socket that is being read has read since the last time. Call it for each part of a body. */
export function takeReadBytes(): number {
  return readingSocket?.take() ?? 0;
}

/**
 * Waits for the end of the current read of a socket.
 * @returns false if no socket is being read, or if it is read for somebody else; the reader is then not called
 */
export function joinRead(reader: SocketReader): boolean {
  return readingSocket?.join(reader) === true;
}

/**
 * Creates a pool of undici with three changes. Its sockets count what they read, and say when a read ends. Connect errors end the request instead of being retried. And no connection is
 * opened in place of an aborted one: no request waits for it, and the service would see a client that sends nothing.
 */
export function createPool(origin: string | URL, options: Pool.Options): Pool {
  const { connect } = options;
  const connector = typeof connect === "function" ? connect : buildConnector({ ...connect });
  return new Pool(origin, {
    ...options,
    connect: (target, callback) => {
      if (waitingRequests === 0) {
        callback(new ConnectError(new Error("no request waits for this connection")), null);
        return;
      }
      connector(target, (...[error, socket]) => {
        if (error) callback(new ConnectError(error), null);
        else {
          const meter = new SocketMeter(socket);
          callback(null, socket);
          meter.watchReadEnds();
        }
      });
    },
  });
}
