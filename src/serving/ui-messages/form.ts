import { buildRetryHeaders, type ClientFailure } from "../client-failure.js";
import type { Form, HttpAnswer } from "../form.js";
import { EVENT_STREAM_HEADERS } from "../sse.js";
import { readUiRequest } from "./requests.js";

/** The UI message stream of the AI SDK, which `useChat` reads. */
export const UI_MESSAGES: Form = {
  name: "ui",
  streamHeaders: { ...EVENT_STREAM_HEADERS, "x-vercel-ai-ui-message-stream": "v1" },
  readRequest: readUiRequest,
  buildError: buildPlainError,
};

/** Builds an error as plain text: `useChat` shows the whole body to its user. */
function buildPlainError(failure: ClientFailure): HttpAnswer {
  return {
    status: failure.status,
    headers: { "Content-Type": "text/plain; charset=utf-8", ...buildRetryHeaders(failure) },
    body: failure.message,
  };
}
