import type { WireRequest } from "../../core/chat/request.js";
import type { Endpoint } from "./endpoint.js";
import { joinPath } from "./url.js";
import { buildBearerHeader, buildHeaders, buildPostRequest } from "./wire-request.js";

/** What is to be spoken, and how; what is left out is the service's to choose. */
export interface SpeechRequest {
  text: string;
  model?: string;
  voice?: string;
  /** `mp3`, `opus`, `aac`, `flac`, `wav`, `pcm`. */
  format?: string;
  /** 1 is the voice's own pace. */
  speed?: number;
  /** The service's own request fields. */
  parameters?: Readonly<Record<string, unknown>>;
}

/**
 * OpenAI's `/audio/speech`, which many services have taken over: the answer is sound, and comes as it is made.
 * @param url where it is
 * @param authorization how the key travels
 */
export function buildSpeechRequest(
  request: SpeechRequest,
  endpoint: Endpoint,
  url = joinPath(endpoint.baseUrl, "audio/speech"),
  authorization: Readonly<Record<string, string>> = buildBearerHeader(endpoint),
): WireRequest {
  const { text, model, voice, format, speed, parameters } = request;
  const body = { model, voice, response_format: format, speed, ...parameters, input: text };
  return buildPostRequest(
    url,
    buildHeaders(endpoint, authorization),
    // What is undefined is not written: Venice refuses fields that are null.
    body,
    "audio/*",
  );
}
