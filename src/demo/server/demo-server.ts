import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { DemoError } from "../errors.js";
import { answerChat } from "./chat/answer.js";
import { FaultCounter } from "./faults.js";
import { checkKey, readJsonBody, sendError, sendJson } from "./http.js";
import { createId } from "./ids.js";
import { MODEL_IDS, readModel } from "./models.js";
import { answerResponses, type ResponsesState, serveStored } from "./responses/routes.js";
import { StoredAnswers } from "./responses/stored-answers.js";
import { takeNextFault } from "./send-answer.js";
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

/** How a demo server runs. */
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
/** Matches the path of an answer that is stored, and of what cancels it. */
const STORED_ANSWER = /^\/v1\/responses\/([^/]+)(\/cancel)?$/;

interface ServerState extends ResponsesState {
  readonly key: string;
}

/**
 * Starts an OpenAI-compatible server on loopback, so that flows run without an account. Its answers come from a
 * script; models.ts says which models it has and which faults a model name can request. It serves `GET /v1/models`,
 * `POST /v1/chat/completions`, `POST /v1/responses` with what belongs to it, and `POST /v1/audio/speech`.
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
  const state: ServerState = { key, pace, faults: new FaultCounter(), stored: new StoredAnswers() };
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
  const { method = "GET", url = "" } = request;
  const [path = "", query] = url.split("?", 2);
  const route = `${method} ${path}`;
  switch (route) {
    case "GET /v1/models":
      sendJson(response, 200, listModels());
      return;
    case "POST /v1/chat/completions":
      await answerChat(await readJsonBody(request), response, state.pace, state.faults);
      return;
    case "POST /v1/responses":
      await answerResponses(await readJsonBody(request), response, state);
      return;
    case "POST /v1/audio/speech": {
      const speech = readSpeech(await readJsonBody(request));
      await sendSpeech(speech, takeNextFault(readModel(speech.model, state.pace), state.faults), response);
      return;
    }
  }
  const [, id, step] = STORED_ANSWER.exec(path) ?? [];
  if (id !== undefined && (step ? ["POST"] : ["GET", "DELETE"]).includes(method)) {
    await serveStored(method, id, new URLSearchParams(query), response, state);
    return;
  }
  const place = route.slice(0, 200);
  throw new DemoError(404, `Invalid URL (${place}). The demo server's base URL ends in /v1.`);
}

function listModels(): object {
  const data = MODEL_IDS.map((id) => ({ id, object: "model", created: MODELS_CREATED_S, owned_by: "demo" }));
  return { object: "list", data };
}
