import { buildOpenAiError } from "../chat-completions.js";
import type { Form } from "../form.js";
import { EVENT_STREAM_HEADERS } from "../sse.js";
import { readResponsesRequest } from "./requests.js";

/** OpenAI's Responses. */
export const OPENAI_RESPONSES: Form = {
  name: "responses",
  streamHeaders: EVENT_STREAM_HEADERS,
  readRequest: readResponsesRequest,
  buildError: buildOpenAiError,
};
