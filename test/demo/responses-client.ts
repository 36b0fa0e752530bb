import { createParser } from "eventsource-parser";
import OpenAI from "openai";
import type { Demo } from "./client.js";

/** An event of a Responses stream, as far as the tests read it. */
export interface ResponsesEvent {
  type: string;
  sequence_number: number;
  delta?: string;
  code?: string;
  response?: OpenAI.Responses.Response;
}

/** The events that arrived, and how the stream ended. */
export interface ResponsesStream {
  readonly status: number;
  readonly body: string;
  readonly events: readonly ResponsesEvent[];
  /** Set if the connection broke. */
  readonly failure: unknown;
}

/** OpenAI's own client for the demo server. */
export function createSdk({ server }: Demo): OpenAI {
  return new OpenAI({ apiKey: server.apiKey, baseURL: server.baseUrl, maxRetries: 0 });
}

/** Asks for a streamed answer, and reads it until it ends or breaks. */
export function streamResponse(demo: Demo, body: object): Promise<ResponsesStream> {
  return readStream(demo, "/responses", "POST", JSON.stringify({ stream: true, ...body }));
}

/** Reads a stored answer as a stream. @param after number of the last event that is not wanted; default: none */
export function resumeResponse(demo: Demo, id: string, after?: number): Promise<ResponsesStream> {
  const cursor = after === undefined ? "" : `&starting_after=${after}`;
  return readStream(demo, `/responses/${id}?stream=true${cursor}`, "GET");
}

async function readStream(demo: Demo, ...request: Parameters<Demo["open"]>): Promise<ResponsesStream> {
  const response = await demo.open(...request);
  const events: ResponsesEvent[] = [];
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data.endsWith("}")) events.push(JSON.parse(data) as ResponsesEvent);
    },
  });
  const decoder = new TextDecoder();
  let body = "";
  let failure: unknown;
  try {
    for await (const part of response.body) {
      const text = decoder.decode(part as Buffer, { stream: true });
      body += text;
      parser.feed(text);
    }
  } catch (error) {
    failure = error;
  }
  return { status: response.statusCode, body, events, failure };
}

/** Joins the text of the answer in some events. */
export function joinText(events: readonly ResponsesEvent[]): string {
  return events
    .filter(({ type }) => type === "response.output_text.delta")
    .map(({ delta }) => delta)
    .join("");
}
