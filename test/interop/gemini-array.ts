import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A pass-through that lets a mock server answer as Gemini does to requests without `alt=sse`: with one JSON array, whose
 * records follow each other behind `,\r\n` (with `alt=sse`, Gemini sends events whose lines end with `\r\n`). The mock server
 * knows only events whose lines end with `\n`. Portkey's gateway asks without `alt=sse` and cuts the answer at `\r\n`, so
 * from the mock server itself it gets one endless record, of which it sends nothing. The gateway also gives results of tools
 * the role `function`, as older versions of Gemini's reference do; the mock server knows only `user`.
 */
export class GeminiArray {
  private readonly server: Server = createServer((message, response) => void this.pass(message, response));

  /** @param target base URL of the mock server */
  constructor(private readonly target: string) {}

  /** `http://127.0.0.1:PORT` */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
  }

  /** Closes the connections that the gateway keeps for its next request. */
  closeConnections(): void {
    this.server.closeAllConnections();
  }

  async stop(): Promise<void> {
    this.server.close();
    this.closeConnections();
    await once(this.server, "close");
  }

  private pass(message: IncomingMessage, response: ServerResponse): void {
    const { method, url = "", headers } = message;
    const wantsArray = url.includes(":streamGenerateContent") && !url.includes("alt=sse");
    const { host: _host, connection: _connection, ...others } = headers;
    delete others["content-length"];
    const upstream = request(this.target + url, { method, headers: others, agent: false }, (reply) => {
      const { "content-type": type, "transfer-encoding": _framing, ...fields } = reply.headers;
      const isArray = wantsArray && type?.startsWith("text/event-stream");
      response.writeHead(reply.statusCode!, {
        ...fields,
        "content-type": isArray ? "application/json" : type,
      });
      // What breaks off at the mock server breaks off here.
      reply.on("close", () => reply.complete || response.destroy());
      if (isArray) writeArray(reply, response);
      else reply.pipe(response);
    });
    upstream.on("error", () => response.destroy());
    let body = "";
    message.setEncoding("utf8");
    message.on("data", (text: string) => {
      body += text;
    });
    message.on("end", () => upstream.end(body.replaceAll('"role":"function"', '"role":"user"')));
  }
}

/** Writes the records of an event stream as Gemini writes an array: each as soon as it has come. */
function writeArray(events: IncomingMessage, response: ServerResponse): void {
  let rest = "";
  let separator = "[";
  events.setEncoding("utf8");
  events.on("data", (text: string) => {
    const records = (rest + text).split("\n\n");
    rest = records.pop()!;
    for (const record of records) {
      response.write(`${separator}${record.replace(/^data: /, "")}\n`);
      separator = ",\r\n";
    }
  });
  events.on("end", () => response.end("]\n"));
}
