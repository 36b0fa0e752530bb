import type { WireRequest } from "../core/request.js";
import { bearer, headersFor, postJson, under } from "./http.js";
import type { Endpoint } from "./provider.js";

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

/** OpenAI's `/audio/speech`, which most services have taken over: the answer is sound, and comes as it is made. */
export function openAiSpeech(request: SpeechRequest, endpoint: Endpoint): WireRequest {
  const { text, model, voice, format, speed, parameters } = request;
  const body = { model, voice, response_format: format, speed, ...parameters, input: text };
  return postJson(
    under(endpoint.baseUrl, "audio/speech"),
    headersFor(endpoint, bearer(endpoint)),
    // What is undefined is not written: Venice refuses fields that are null.
    body,
    "audio/*",
  );
}
