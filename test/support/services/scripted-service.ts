import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Chunk, Delta } from "../../../src/core/chat/chunk.js";
import { ResponsesAnswerWriter } from "./answer-writer.js";

/** A request that the service received. */
export interface ServiceRequest {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: Record<string, unknown>;
  /** Resolves when this request's connection is closed by either side. */
  gone: Promise<void>;
}

/** What the service does with a request. */
export type Script = (reply: Reply, request: ServiceRequest) => void | Promise<void>;

/** Creates a chunk that adds text, or another delta, to the first choice. */
export function createChunk(delta: string | Delta, rest: Partial<Chunk["choices"][number]> = {}): Chunk {
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model: "model-1",
    choices: [
      {
        index: 0,
        delta: typeof delta === "string" ? { content: delta } : delta,
        finish_reason: null,
        ...rest,
      },
    ],
  };
}

/** Creates the chunk that ends the first choice. */
export function createFinishChunk(reason = "stop"): Chunk {
  return createChunk({}, { finish_reason: reason });
}

/** Creates the chunk with the usage alone. */
export function createUsageChunk(counts: Record<string, unknown>): Chunk {
  return { ...createChunk({}), choices: [], usage: counts };
}

/** The response to one request. Text and ends are in the form in which the client asked. */
export class Reply {
  private readonly responses: ResponsesAnswerWriter | undefined;

  /** @param path of the request */
  constructor(
    readonly response: ServerResponse,
    path = "",
  ) {
    if (path.endsWith("/responses")) this.responses = new ResponsesAnswerWriter();
  }

  /** Sends the headers of a stream. */
  open(headers: Record<string, string> = {}): this {
    this.response.writeHead(200, { "content-type": "text/event-stream", ...headers });
    this.response.flushHeaders();
    return this;
  }

  /** Sends records in one write; a string is answer text. */
  send(...records: (string | object)[]): this {
    if (!this.response.headersSent) this.open();
    this.response.write(records.map((record) => this.format(record)).join(""));
    return this;
  }

  private format(record: string | object): string {
    if (typeof record === "string" && this.responses) return this.responses.writeText(record);
    return `data: ${JSON.stringify(typeof record === "string" ? createChunk(record) : record)}\n\n`;
  }

  /** Sends records in separate writes, with a pause so that the client reads each by itself. */
  async sendApart(...records: (string | object)[]): Promise<this> {
    for (const record of records) {
      this.send(record);
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return this;
  }

  /** Ends the stream properly: finish reason, usage if given, end marker. */
  finish(reason = "stop", counts?: Record<string, unknown>): void {
    if (this.responses) {
      this.response.end(this.responses.writeEnd(reason, counts));
      return;
    }
    this.send(createFinishChunk(reason), ...(counts ? [createUsageChunk(counts)] : []));
    this.response.end("data: [DONE]\n\n");
  }

  /** Sends a whole answer: texts, finish reason, end marker. */
  say(...texts: string[]): void {
    this.send(...texts).finish();
  }

  /** Sends a whole JSON response. */
  sendJson(status: number, body: unknown, headers: Record<string, string> = {}): void {
    this.response.writeHead(status, { "content-type": "application/json", ...headers });
    this.response.end(JSON.stringify(body));
  }

  /** Sends a whole response of this media type. */
  sendText(status: number, type: string, body: string): void {
    this.response.writeHead(status, { "content-type": type });
    this.response.end(body);
  }

  /** Resets the connection. */
  drop(): void {
    this.response.socket?.resetAndDestroy();
  }
}

export interface ServiceOptions {
  tls?: { key: string; cert: string };
  /** Address to listen on. Default: 127.0.0.1. */
  address?: string;
}

/** An OpenAI-compatible service that runs a test's scripts. */
export class ScriptedService {
  /** All requests since the last reset, in order. */
  readonly requests: ServiceRequest[] = [];
  /** The script for requests when `queue` is empty. */
  script: Script = (reply) => reply.say("Hello", " world");
  /** Scripts for the next requests, one each. */
  readonly queue: Script[] = [];
  /** The largest number of requests that were open at the same time. */
  maxOpenStreams = 0;
  private openCount = 0;
  private readonly sockets = new Set<Socket>();
  private readonly waiting = new Set<() => void>();
  private readonly server;
  private readonly scheme: string;

  private constructor(options: ServiceOptions) {
    const answer = (request: IncomingMessage, response: ServerResponse) =>
      void this.answer(request, response);
    this.scheme = options.tls ? "https" : "http";
    this.server = options.tls ? createSecureServer(options.tls, answer) : createServer(answer);
    this.server.on("connection", (socket: Socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
    });
  }

  static async start(options: ServiceOptions = {}): Promise<ScriptedService> {
    const service = new ScriptedService(options);
    service.server.listen(0, options.address ?? "127.0.0.1");
    await once(service.server, "listening");
    return service;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The base URL that an author enters. */
  get url(): string {
    const { address, family } = this.server.address() as AddressInfo;
    return `${this.scheme}://${family === "IPv6" ? `[${address}]` : address}:${this.port}/v1`;
  }

  /** The number of open connections. */
  get connections(): number {
    return this.sockets.size;
  }

  /** The number of requests that are being answered. */
  get openStreams(): number {
    return this.openCount;
  }

  /** Clears requests and scripts of the previous test. */
  reset(): void {
    this.requests.length = 0;
    this.queue.length = 0;
    this.maxOpenStreams = 0;
    this.script = (reply) => reply.say("Hello", " world");
  }

  /** Waits until `count` requests have arrived. @returns the last of them */
  async waitForRequests(count: number): Promise<ServiceRequest> {
    while (this.requests.length < count) await new Promise<void>((resolve) => this.waiting.add(resolve));
    return this.requests[count - 1]!;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, "close");
  }

  private async answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    this.maxOpenStreams = Math.max(this.maxOpenStreams, ++this.openCount);
    const gone = new Promise<void>((resolve) => response.on("close", resolve));
    void gone.then(() => this.openCount--);
    response.on("error", () => {});
    let text = "";
    message.setEncoding("utf8");
    try {
      for await (const part of message) text += part;
    } catch {
      return;
    }
    const request: ServiceRequest = {
      method: message.method ?? "",
      path: message.url ?? "",
      headers: message.headers,
      body: text === "" ? {} : JSON.parse(text),
      gone,
    };
    this.requests.push(request);
    for (const wake of this.waiting) wake();
    this.waiting.clear();
    await (this.queue.shift() ?? this.script)(new Reply(response, request.path), request);
  }
}
