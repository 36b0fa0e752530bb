import { formatIsoTime } from "../iso-time.js";
import type { ServedModel } from "../model-list.js";

/** Clients ask for a version before they use newer parts of the API; VS Code wants at least 0.6.4. */
export const OLLAMA_VERSION = "0.12.0";

/** Size of a context that clients plan with. What the model behind the flow really takes is not known here. */
const CONTEXT_TOKENS = 131_072;

const DETAILS = {
  parent_model: "",
  format: "flow",
  family: "flow",
  families: ["flow"],
  parameter_size: "",
  quantization_level: "",
} as const;

/** What a flow can do, in Ollama's words. Clients do not offer what is not listed. */
const CAPABILITIES = ["completion", "tools", "vision"] as const;

/** Ollama's names have a tag. */
function toTaggedName(name: string): string {
  return name.includes(":") ? name : `${name}:latest`;
}

/** Builds the list of `/api/tags`. Strict clients refuse it if a field is missing. */
export function buildTags(models: readonly ServedModel[]): object {
  return {
    models: models.map(({ name, created }) => ({
      name: toTaggedName(name),
      model: toTaggedName(name),
      modified_at: formatIsoTime(created),
      size: 0,
      digest: buildDigest(name),
      details: DETAILS,
    })),
  };
}

/** Builds the answer of `/api/show`. */
export function buildModelDetails({ name, created }: ServedModel): object {
  return {
    license: "",
    modelfile: "",
    parameters: "",
    template: "",
    modified_at: formatIsoTime(created),
    details: DETAILS,
    model_info: {
      "general.architecture": "flow",
      "general.basename": name,
      "flow.context_length": CONTEXT_TOKENS,
    },
    capabilities: CAPABILITIES,
  };
}

/** 64 hex digits that differ from model to model. Clients only compare them. */
function buildDigest(name: string): string {
  const hex = Array.from(name, (character) => character.codePointAt(0)!.toString(16)).join("");
  return hex.slice(0, 64).padEnd(64, "0");
}
