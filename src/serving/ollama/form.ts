import { buildRetryHeaders, type ClientFailure } from "../client-failure.js";
import type { Form, HttpAnswer } from "../form.js";
import { readOllamaChat, readOllamaGenerate } from "./requests.js";

/** Ollama's API: `/api/chat`. */
export const OLLAMA_CHAT: Form = {
  name: "ollama",
  streamHeaders: {
    "Content-Type": "application/x-ndjson",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
  },
  readRequest: readOllamaChat,
  buildError: buildOllamaError,
  breaksOffFailures: true,
};

/** Ollama's API: `/api/generate`. */
export const OLLAMA_GENERATE: Form = { ...OLLAMA_CHAT, readRequest: readOllamaGenerate };

function buildOllamaError(failure: ClientFailure): HttpAnswer {
  return {
    status: failure.status,
    headers: { "Content-Type": "application/json; charset=utf-8", ...buildRetryHeaders(failure) },
    body: JSON.stringify({ error: failure.message }),
  };
}
