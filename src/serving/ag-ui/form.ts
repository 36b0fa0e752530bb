import { buildOpenAiError } from "../chat-completions.js";
import type { Form } from "../form.js";
import { EVENT_STREAM_HEADERS } from "../sse.js";
import { readAgUiRequest } from "./requests.js";

/** AG-UI, version 1. */
export const AG_UI: Form = {
  name: "ag-ui",
  streamHeaders: EVENT_STREAM_HEADERS,
  readRequest: readAgUiRequest,
  buildError: buildOpenAiError,
};
