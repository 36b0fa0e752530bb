import { createParser } from "eventsource-parser";
import { Agent, request } from "undici";
import {
  type DemoServer,
  type DemoServerOptions,
  startDemoServer,
} from "../../src/demo/server/demo-server.js";

/** The parts of a chunk or a completion that the tests read. */
export interface Delta {
  role?: string;
  content?: string | null;
  reasoning_content?: string;
  tool_calls?: {
    index: number;
    id?: string;
    type?: string;
    function: { name?: string; arguments: string };
  }[];
}

export interface Chunk {
  id: string;
  object: string;
  created: number;
  model: string;
  choices: { index: number; delta: Delta; message: Delta; finish_reason: string | null }[];
  usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number } | null;
  error?: { message: string; type: string; param: string | null; code: string | null };
}

export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

/** A demo server with its own connection pool, so that a test can close both. */
export class Demo {
  private readonly agent = new Agent();

  private constructor(readonly server: DemoServer) {}

  static async start(options: DemoServerOptions = { pace: 0 }): Promise<Demo> {
    return new Demo(await startDemoServer(options));
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.agent.destroy();
  }

  /** Sends anything to any path below the base URL. */
  open(path: string, method: "GET" | "POST", body?: string | Buffer, headers: Record<string, string> = {}) {
    return request(this.server.baseUrl + path, {
      method,
      body: body ?? null,
      headers: {
        authorization: `Bearer ${this.server.apiKey}`,
        "content-type": "application/json",
        ...headers,
      },
      dispatcher: this.agent,
    });
  }

  async send(...request: Parameters<Demo["open"]>): Promise<Reply> {
    const response = await this.open(...request);
    return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
  }

  chat(body: object): ReturnType<Demo["open"]> {
    return this.open("/chat/completions", "POST", JSON.stringify(body));
  }

  async whole(body: object): Promise<Chunk> {
    const reply = await this.send("/chat/completions", "POST", JSON.stringify(body));
    return JSON.parse(reply.text) as Chunk;
  }

  /** Reads a stream until it ends or breaks. */
  async stream(body: object): Promise<Streamed> {
    const response = await this.chat({ stream: true, ...body });
    const records: string[] = [];
    const parser = createParser({ onEvent: (event) => records.push(event.data) });
    const decoder = new TextDecoder();
    let failure: unknown;
    try {
      for await (const part of response.body) parser.feed(decoder.decode(part as Buffer, { stream: true }));
    } catch (error) {
      failure = error;
    }
    return new Streamed(response.statusCode, records, failure);
  }
}

export class Streamed {
  constructor(
    readonly status: number,
    readonly records: readonly string[],
    /** Set if the connection broke. */
    readonly failure: unknown,
  ) {}

  get done(): boolean {
    return this.records.at(-1) === "[DONE]";
  }

  get chunks(): Chunk[] {
    return this.records
      .filter((record) => record !== "[DONE]" && isJson(record))
      .map((record) => JSON.parse(record) as Chunk);
  }

  deltas(index = 0): Delta[] {
    return this.chunks
      .flatMap((chunk) => chunk.choices ?? [])
      .filter((choice) => choice.index === index)
      .map((choice) => choice.delta);
  }

  contents(index = 0): string[] {
    return this.deltas(index)
      .map((delta) => delta.content ?? "")
      .filter((content) => content !== "");
  }

  text(index = 0): string {
    return this.contents(index).join("");
  }

  reasoning(): string {
    return this.deltas()
      .map((delta) => delta.reasoning_content ?? "")
      .join("");
  }

  finishReasons(): (string | null)[] {
    return this.chunks
      .flatMap((chunk) => chunk.choices ?? [])
      .map((choice) => choice.finish_reason)
      .filter((reason) => reason !== null);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export function user(content: string): { role: string; content: string } {
  return { role: "user", content };
}

/** Whether every surrogate has its other half. */
export function isWellFormed(text: string): boolean {
  return !/\p{Cs}/u.test(text);
}
