import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { DemoError } from "../errors.js";
import { addFault, buildChunks } from "./chunks.js";
import { buildCompletion, createHead, createId } from "./completion.js";
import { buildRefusal, ERROR_RECORD, FaultCounter, HTML_PAGE } from "./faults.js";
import { countUsage, generateChoice } from "./generation.js";
import { checkKey, JSON_CONTENT_TYPE, readJsonBody, sendError, sendJson, sendText } from "./http.js";
import { type DemoModel, type Fault, MODEL_IDS, readModel } from "./models.js";
import { writeAtPace } from "./pace.js";
import { type DemoRequest, readDemoRequest } from "./request.js";
import { readSpeech, sendSpeech } from "./speech.js";

/** A running demo server. */
export interface DemoServer {
  /** `http://127.0.0.1:PORT/v1`. */
  readonly baseUrl: string;
  /** Random, new with each server. */
  readonly apiKey: string;
  /** Breaks all connections and frees the port. May be called again; never rejects. */
  close(): Promise<void>;
}

export interface DemoServerOptions {
  /** TCP port; 0, the default, takes any free one. */
  readonly port?: number;
  /** Content chunks per second of each stream, 30 by default; 0: as fast as the socket takes them. */
  readonly pace?: number;
}

const HOST = "127.0.0.1";
const DEFAULT_PACE = 30;
/** Unix seconds; a constant, so that the list of models stays the same. */
const MODELS_CREATED_S = 1_735_689_600;
const EVENT_STREAM_TYPE = "text/event-stream; charset=utf-8";

interface ServerState {
  readonly key: string;
  readonly pace: number;
  readonly faults: FaultCounter;
}

/**
 * Starts an OpenAI-compatible server on loopback, so that flows run without an account. Its answers come from a
 * script; models.ts says which models it has and which faults a model name can request. It serves `GET /v1/models`,
 * `POST /v1/chat/completions` and `POST /v1/audio/speech`.
 *
 * Neither the server nor its connections keep a process alive by themselves.
 *
 * @throws RangeError if `pace` is not 0 or a positive number; Node's error if the port is taken
 */
export async function startDemoServer(options: DemoServerOptions = {}): Promise<DemoServer> {
  const pace = options.pace ?? DEFAULT_PACE;
  if (!Number.isFinite(pace) || pace < 0) {
    throw new RangeError("The pace must be 0 or a positive number of chunks per second.");
  }
  const key = `demo-${randomBytes(24).toString("base64url")}`;
  const state: ServerState = { key, pace, faults: new FaultCounter() };
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    response.setHeader("x-request-id", createId("req_"));
    // A client may leave at any time.
    response.on("error", () => undefined);
    handle(request, response, state).catch((error: unknown) => sendError(request, response, error));
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.unref();
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, HOST, resolve);
  });
  server.unref();
  let closing: Promise<void> | undefined;
  return {
    baseUrl: `http://${HOST}:${(server.address() as AddressInfo).port}/v1`,
    apiKey: key,
    close() {
      closing ??= new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
      return closing;
    },
  };
}

async function handle(request: IncomingMessage, response: ServerResponse, state: ServerState): Promise<void> {
  checkKey(request, state.key);
  const route = `${request.method} ${request.url?.split("?")[0]}`;
  switch (route) {
    case "GET /v1/models":
      sendJson(response, 200, listModels());
      return;
    case "POST /v1/chat/completions":
      await chat(readDemoRequest(await readJsonBody(request)), response, state);
      return;
    case "POST /v1/audio/speech": {
      const speech = readSpeech(await readJsonBody(request));
      await sendSpeech(speech, takeNextFault(readModel(speech.model, state.pace), state), response);
      return;
    }
    default: {
      const place = route.slice(0, 200);
      throw new DemoError(404, `Invalid URL (${place}). The demo server's base URL ends in /v1.`);
    }
  }
}

function listModels(): object {
  const data = MODEL_IDS.map((id) => ({ id, object: "model", created: MODELS_CREATED_S, owned_by: "demo" }));
  return { object: "list", data };
}

/** @throws DemoError if the fault of this request is a refusal */
function takeNextFault(model: DemoModel, { faults }: ServerState): Fault | undefined {
  const fault = faults.next(model);
  const refusal = fault && buildRefusal(fault);
  if (refusal) throw refusal;
  return fault;
}

async function chat(request: DemoRequest, response: ServerResponse, state: ServerState): Promise<void> {
  const model = readModel(request.model, state.pace);
  const fault = takeNextFault(model, state);
  if (fault?.kind === "empty") {
    sendText(response, 200, request.stream ? EVENT_STREAM_TYPE : JSON_CONTENT_TYPE, "");
    return;
  }
  if (fault?.kind === "html") {
    sendText(response, 200, "text/html; charset=utf-8", HTML_PAGE);
    return;
  }
  const cutAfter = fault?.kind === "length" ? fault.after : undefined;
  const generations = Array.from({ length: request.n }, (_, choice) =>
    generateChoice(request, choice, model.reasons, cutAfter),
  );
  const usage = countUsage(request.prompt.messages, generations);
  const head = createHead(model.id);
  if (!request.stream) {
    sendWhole(response, buildCompletion(head, generations, usage), fault);
    return;
  }
  const steps = buildChunks(head, generations, request.includeUsage ? usage : undefined);
  response.writeHead(200, { "content-type": EVENT_STREAM_TYPE, "cache-control": "no-cache" });
  await writeAtPace(fault ? addFault(steps, fault) : steps, response, model.pace);
}

/** Sends an answer that is not streamed. It has no chunks to count, so a fault comes in its middle. */
function sendWhole(response: ServerResponse, body: object, fault: Fault | undefined): void {
  const text = JSON.stringify(body);
  const half = text.slice(0, text.length / 2);
  switch (fault?.kind) {
    case "stall":
      break;
    case "drop":
      response.writeHead(200, {
        "content-type": JSON_CONTENT_TYPE,
        "content-length": Buffer.byteLength(text),
      });
      response.write(half, () => response.destroy());
      break;
    case "malformed":
      sendText(response, 200, JSON_CONTENT_TYPE, half);
      break;
    case "error":
      sendJson(response, 200, ERROR_RECORD);
      break;
    default:
      sendJson(response, 200, body);
  }
}
