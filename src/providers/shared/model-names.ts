import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";

/** What lists call the models that write no answer (Together's `type`). */
const OTHER_TYPES: ReadonlySet<unknown> = new Set([
  "audio",
  "embedding",
  "embeddings",
  "image",
  "moderation",
  "rerank",
  "transcribe",
  "video",
]);

/** Well-known names of such models, for lists that tell nothing but names. */
const OTHER_NAMES =
  /(^|\/)(text-embedding-|text-moderation-|omni-moderation-|dall-e-|gpt-image-|chatgpt-image-|sora-|whisper-|distil-whisper-|tts-1|gpt-realtime|babbage-002|davinci-002|gpt-3\.5-turbo-instruct)|-(tts|transcribe|realtime)(-|$)/;

/** Whether an entry of a list of models may be one to chat with: what is not known for something else may be. */
export function isChatModel(entry: unknown): boolean {
  if (!isObject(entry)) return true;
  const { id, type, capabilities } = entry;
  if (OTHER_TYPES.has(type) || (typeof id === "string" && OTHER_NAMES.test(id))) return false;
  if (!isObject(capabilities)) return true;
  // Mistral's word and Azure's.
  return capabilities["completion_chat"] !== false && capabilities["chat_completion"] !== false;
}

/**
 * The names in a list of models, `{data: [{id}]}` or `{models: [{name}]}`, of those that may chat, in the order of the
 * service.
 * @throws Failure `bad_response`
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
