import { connect, type Socket } from "node:net";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { applyToxics, type Toxic } from "./toxics.js";

/** A request as it was received. */
export interface ReceivedRequest {
  method: string;
  path: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: string;
}

/** How a body marks its end: chunked, by closing the connection, or by its length in bytes. */
export type Framing = "chunked" | "close" | number;

/** The server's side of one connection. It reads requests and writes anything a test wants, valid or not. */
export class Peer {
  /** Toxics that cut or delay all later writes. */
  toxics: Toxic[] = [];
  /** The request that is being answered. */
  request: ReceivedRequest = { method: "", path: "", headers: {}, body: "" };
  /** How many bytes were written. */
  written = 0;
  /** Resolves when the connection is closed by either side. */
  readonly gone: Promise<void>;
  private framing: Framing = "close";
  private incoming = Buffer.alloc(0);
  private wake = () => {};
  private finished = false;

  constructor(readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("end", () => {
      this.finished = true;
      this.wake();
    });
    socket.on("data", (bytes) => {
      this.incoming = Buffer.concat([this.incoming, bytes]);
      this.wake();
    });
    this.gone = new Promise((resolve) => {
      socket.once("close", () => {
        this.wake();
        resolve();
      });
    });
  }

  get isGone(): boolean {
    return this.socket.destroyed;
  }

  /** Reads the head of the next request. @returns undefined if the client has left */
  async readHead(): Promise<ReceivedRequest | undefined> {
    const headEnd = await this.findMark("\r\n\r\n");
    if (headEnd === -1) return undefined;
    const [first = "", ...lines] = this.take(headEnd + 4)
      .toString("latin1")
      .split("\r\n");
    const [method = "", path = ""] = first.split(" ");
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(":");
      if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    this.request = { method, path, headers, body: "" };
    return this.request;
  }

  /** Reads the next request with its body. @returns undefined if the client has left */
  async readRequest(): Promise<ReceivedRequest | undefined> {
    const request = await this.readHead();
    if (!request) return undefined;
    const length = Number(request.headers["content-length"] ?? 0);
    while (this.incoming.length < length) if (!(await this.waitForBytes())) return undefined;
    request.body = this.take(length).toString("utf8");
    return request;
  }

  /** Writes raw bytes through the toxics. @returns false if the connection is closed */
  async write(data: string | Buffer): Promise<boolean> {
    for (const { bytes, wait } of applyToxics(Buffer.from(data), this.toxics)) {
      if (wait) await pause(wait);
      if (this.isGone) return false;
      this.written += bytes.length;
      if (!this.socket.write(bytes)) await this.waitForDrain();
      // The client reads in this process. Without a turn of the event loop, packets would merge.
      if (this.toxics.length > 0) await turn();
    }
    return !this.isGone;
  }

  /** Writes a head. `status` may contain the reason phrase: `200 Fine`. */
  sendHead(
    status: number | string,
    headers: Record<string, string> = {},
    framing: Framing = "chunked",
  ): Promise<boolean> {
    this.framing = framing;
    const all = { ...headers, ...buildFramingHeaders(framing) };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    const rest = typeof status === "number" ? `${status} Status` : status;
    return this.write(`HTTP/1.1 ${rest}\r\n${lines.join("")}\r\n`);
  }

  /** Writes the head of an event stream. */
  sendStreamHead(framing: Framing = "chunked"): Promise<boolean> {
    return this.sendHead(200, { "content-type": "text/event-stream; charset=utf-8" }, framing);
  }

  /** Writes a part of the body in the framing of the head. */
  sendBody(data: string | Buffer): Promise<boolean> {
    const bytes = Buffer.from(data);
    if (this.framing !== "chunked") return this.write(bytes);
    return this.write(
      Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]),
    );
  }

  /** Ends the body in the framing of the head. */
  async endBody(): Promise<void> {
    if (this.framing === "chunked") await this.write("0\r\n\r\n");
    else if (this.framing === "close") this.close();
  }

  /** Sends a whole response with a content length. */
  async respond(status: number, headers: Record<string, string>, body: string | Buffer): Promise<void> {
    await this.sendHead(status, headers, Buffer.byteLength(body));
    await this.sendBody(body);
  }

  /** Closes the connection properly (FIN). */
  close(): void {
    this.socket.end();
  }

  /** Resets the connection: the client gets ECONNRESET. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Sends nothing more until the client leaves. */
  waitUntilGone(): Promise<void> {
    return this.gone;
  }

  /** Opens the tunnel that a CONNECT request asked for. */
  async openTunnel(port: number): Promise<void> {
    const target = connect(port, "127.0.0.1");
    target.on("error", () => this.socket.destroy());
    this.socket.removeAllListeners("data");
    await this.write("HTTP/1.1 200 Connection established\r\n\r\n");
    target.write(this.take(this.incoming.length));
    this.socket.pipe(target).pipe(this.socket);
    await this.gone;
    target.destroy();
  }

  private async findMark(mark: string): Promise<number> {
    for (;;) {
      const at = this.incoming.indexOf(mark);
      if (at !== -1) return at;
      if (!(await this.waitForBytes())) return -1;
    }
  }

  private async waitForBytes(): Promise<boolean> {
    if (this.isGone || this.finished) return false;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    return !this.isGone && !this.finished;
  }

  private take(length: number): Buffer {
    const taken = this.incoming.subarray(0, length);
    this.incoming = this.incoming.subarray(length);
    return taken;
  }

  private async waitForDrain(): Promise<void> {
    await Promise.race([
      new Promise<void>((resolve) => {
        this.socket.once("drain", resolve);
      }),
      this.gone,
    ]);
  }
}

function buildFramingHeaders(framing: Framing): Record<string, string> {
  if (framing === "chunked") return { "transfer-encoding": "chunked" };
  return framing === "close" ? { connection: "close" } : { "content-length": String(framing) };
}
