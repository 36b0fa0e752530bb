import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A client that writes bytes to a socket, and reads what comes back as text. */
export class RawClient {
  received = "";
  private readonly closed: Promise<unknown>;

  private constructor(readonly socket: Socket) {
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.received += text;
    });
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => socket.on("close", resolve));
  }

  /** Connects to the server of a URL. */
  static async connect(url: string): Promise<RawClient> {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    await once(socket, "connect");
    return new RawClient(socket);
  }

  /** Sends a request with these headers. */
  send(line: string, headers: Record<string, string>, body = ""): this {
    const all = Object.entries({ Host: "house", ...headers });
    const lines = [line, ...all.map(([name, value]) => `${name}: ${value}`)];
    const length = body === "" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
    this.socket.write(`${[...lines, ...length].join("\r\n")}\r\n\r\n${body}`);
    return this;
  }

  /** Waits until the received text matches. */
  async waitFor(pattern: RegExp): Promise<string> {
    const started = performance.now();
    while (!pattern.test(this.received)) {
      if (performance.now() - started > 10_000)
        throw new Error(`Did not come: ${pattern}. Came: ${this.received.slice(0, 2000)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this.received;
  }

  /** Waits until the server has closed the connection. */
  async waitUntilClosed(): Promise<string> {
    await this.closed;
    return this.received;
  }

  leave(): void {
    this.socket.destroy();
  }
}
