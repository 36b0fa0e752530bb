import type { HttpAnswer } from "../../serving/form.js";
import type { ServedModel } from "../../serving/model-list.js";
import { buildModelDetails, buildTags, OLLAMA_VERSION } from "../../serving/ollama/models.js";
import type { OllamaQuestion } from "../../serving/routes.js";
import { createJsonAnswer } from "./http/http-answer.js";

/** Answers what Ollama's clients want to know before they ask. */
export function answerOllama(
  question: Exclude<OllamaQuestion, "show" | "pull">,
  models: readonly ServedModel[],
): HttpAnswer {
  switch (question) {
    case "alive":
      return {
        status: 200,
        headers: { "Content-Type": "text/plain; charset=utf-8" },
        body: "Ollama is running",
      };
    case "version":
      return createJsonAnswer({ version: OLLAMA_VERSION });
    case "tags":
      return createJsonAnswer(buildTags(models));
    case "ps":
      return createJsonAnswer({ models: [] });
  }
}

/** Answers a question about one model. Clients load a model before they ask it; a flow needs no loading. */
export function answerOllamaModel(question: "show" | "pull", model: ServedModel): HttpAnswer {
  return createJsonAnswer(question === "show" ? buildModelDetails(model) : { status: "success" });
}
