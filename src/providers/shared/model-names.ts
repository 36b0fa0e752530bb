import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";

/** Values of `type` (Together AI) for models that cannot chat. */
const NON_CHAT_TYPES: ReadonlySet<unknown> = new Set([
  "audio",
  "embedding",
  "embeddings",
  "image",
  "moderation",
  "rerank",
  "transcribe",
  "video",
]);

/** Well-known names of models that cannot chat, for lists without other details. */
const NON_CHAT_NAMES =
  /(^|\/)(text-embedding-|text-moderation-|omni-moderation-|dall-e-|gpt-image-|chatgpt-image-|sora-|whisper-|distil-whisper-|tts-1|gpt-realtime|babbage-002|davinci-002|gpt-3\.5-turbo-instruct)|-(tts|transcribe|realtime)(-|$)/;

/** Whether an entry of a model list may be a chat model: every entry that is not known to be something else. */
function isChatModel(entry: unknown): boolean {
  if (!isObject(entry)) return true;
  const { id, type, capabilities } = entry;
  if (NON_CHAT_TYPES.has(type) || (typeof id === "string" && NON_CHAT_NAMES.test(id))) return false;
  if (!isObject(capabilities)) return true;
  // Mistral writes completion_chat, Azure chat_completion.
  return capabilities["completion_chat"] !== false && capabilities["chat_completion"] !== false;
}

/**
 * Reads the names of the chat models from a model list: `{data: [{id}]}`, `{models: [{name}]}` or a bare array, whose
 * entries may also be names. The service's order is kept.
 * @throws Failure `bad_response` if the body is not such a list
 */
export function readModelNames(body: unknown): string[] {
  const list = isObject(body) ? (body["data"] ?? body["models"]) : body;
  if (!Array.isArray(list)) {
    throw new Failure(
      "bad_response",
      "The service's list of models is not in a known form. Check the base URL.",
    );
  }
  return list
    .filter(isChatModel)
    .map((entry) => (isObject(entry) ? (entry["id"] ?? entry["name"]) : entry))
    .filter((name): name is string => typeof name === "string");
}
