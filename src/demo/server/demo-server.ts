import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { ApiError } from "../errors.js";
import { completion } from "./completion.js";
import { FaultCycle, HTML_PAGE, refusal, streamedError } from "./faults.js";
import { generate, usageOf } from "./generation.js";
import { authorise, JSON_TYPE, readJson, send, sendError, sendJson } from "./http.js";
import { type Fault, MODEL_IDS, type ModelSpec, readModel } from "./models.js";
import { pump } from "./pump.js";
import { type Head, newId, records, withFault } from "./records.js";
import { type ChatRequest, readRequest } from "./request.js";
import { readSpeech, speak } from "./speech.js";

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
const USUAL_PACE = 30;
/** Unix seconds; models need a birthday in OpenAI's form, and a constant one keeps the list the same. */
const MODELS_CREATED = 1_735_689_600;

const EVENT_STREAM = "text/event-stream; charset=utf-8";

interface Settings {
  readonly key: string;
  readonly pace: number;
  readonly faults: FaultCycle;
}

/**
 * Starts an OpenAI-compatible server on loopback: `GET /v1/models`, `POST /v1/chat/completions` and
 * `POST /v1/audio/speech`, with the wire format of OpenAI's API reference. Its answers come from a script, so that flows run with no
 * account; models.ts says which models it has and how they fail on request.
 *
 * Neither the server nor its connections keep a process alive by themselves.
 *
 * @throws where the port cannot be bound, or `pace` is negative or no number.
 */
export async function startDemoServer(options: DemoServerOptions = {}): Promise<DemoServer> {
  const pace = options.pace ?? USUAL_PACE;
  if (!Number.isFinite(pace) || pace < 0)
    throw new RangeError("The pace must be 0 or a positive number of chunks per second.");
  const settings: Settings = {
    key: `demo-${randomBytes(24).toString("base64url")}`,
    pace,
    faults: new FaultCycle(),
  };
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    response.setHeader("x-request-id", newId("req_"));
    // A client that leaves in the middle of its request is no error of ours.
    response.on("error", () => undefined);
    handle(request, response, settings).catch((error: unknown) => sendError(request, response, error));
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.unref();
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, HOST, () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.unref();
  let closing: Promise<void> | undefined;
  return {
    baseUrl: `http://${HOST}:${(server.address() as AddressInfo).port}/v1`,
    apiKey: settings.key,
    close() {
      closing ??= new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
      return closing;
    },
  };
}

async function handle(request: IncomingMessage, response: ServerResponse, settings: Settings): Promise<void> {
  authorise(request, settings.key);
  const path = (request.url ?? "").split("?")[0];
  const route = `${request.method ?? ""} ${path}`;
  if (route === "GET /v1/models") sendJson(response, 200, modelList());
  else if (route === "POST /v1/chat/completions") chat(await readJson(request), response, settings);
  else if (route === "POST /v1/audio/speech") await speech(await readJson(request), response, settings);
  else
    throw new ApiError(404, `Invalid URL (${route.slice(0, 200)}). The demo server's base URL ends in /v1.`);
}

function modelList(): object {
  const data = MODEL_IDS.map((id) => ({ id, object: "model", created: MODELS_CREATED, owned_by: "demo" }));
  return { object: "list", data };
}

function chat(body: unknown, response: ServerResponse, { pace, faults }: Settings): void {
  const request = readRequest(body);
  const model = readModel(request.model, pace);
  const fault = faults.next(model);
  const refused = fault && refusal(fault);
  if (refused) throw refused;
  if (fault?.kind === "empty") send(response, 200, request.stream ? EVENT_STREAM : JSON_TYPE, "");
  else if (fault?.kind === "html") send(response, 200, "text/html; charset=utf-8", HTML_PAGE);
  else answer(request, model, fault, response);
}

async function speech(body: unknown, response: ServerResponse, { pace, faults }: Settings): Promise<void> {
  const request = readSpeech(body);
  const fault = faults.next(readModel(request.model, pace));
  const refused = fault && refusal(fault);
  if (refused) throw refused;
  await speak(request, fault, response);
}

function answer(
  request: ChatRequest,
  model: ModelSpec,
  fault: Fault | undefined,
  response: ServerResponse,
): void {
  const cutAfter = fault?.kind === "length" ? fault.after : undefined;
  const choices = Array.from({ length: request.n }, (_, at) =>
    generate(request, at, model.reasons, cutAfter),
  );
  const usage = usageOf(request.prompt.messages, choices);
  const head: Head = {
    id: newId("chatcmpl-demo-"),
    created: Math.floor(Date.now() / 1_000),
    model: model.id,
  };
  if (!request.stream) {
    sendWhole(response, completion(head, choices, usage), fault);
    return;
  }
  const steps = records(head, choices, request.includeUsage ? usage : undefined);
  response.writeHead(200, { "content-type": EVENT_STREAM, "cache-control": "no-cache" });
  pump(fault ? withFault(steps, fault) : steps, response, model.pace);
}

/** An unstreamed answer has no chunks to count, so a fault takes its second half. */
function sendWhole(response: ServerResponse, body: object, fault: Fault | undefined): void {
  const text = JSON.stringify(body);
  const half = text.slice(0, text.length / 2);
  switch (fault?.kind) {
    case "stall":
      break;
    case "drop":
      response.writeHead(200, { "content-type": JSON_TYPE, "content-length": Buffer.byteLength(text) });
      response.write(half, () => response.destroy());
      break;
    case "malformed":
      send(response, 200, JSON_TYPE, half);
      break;
    case "error":
      sendJson(response, 200, streamedError());
      break;
    default:
      sendJson(response, 200, body);
  }
}
