import type { Delta } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";

/**
 * Writes the probability of a delta's token in the form of Chat Completions, if it comes as a number beside those of other
 * tokens (Together, together-ai 0.52, `ChatCompletionChunk.Choice.logprobs`).
 * @param wire the choice, which is changed in place
 */
export function unifyLogprobs(wire: Record<string, unknown>, delta: Delta): void {
  const { logprobs: logprob, top_logprobs: others } = wire;
  if (typeof logprob !== "number") return;
  const token = delta.content || delta.reasoning_content || "";
  const list = Object.entries(isObject(others) ? others : {});
  const top_logprobs = list.map(([name, value]) => ({ token: name, logprob: value }));
  wire["logprobs"] = token === "" ? null : { content: [{ token, logprob, top_logprobs }] };
  delete wire["top_logprobs"];
}
