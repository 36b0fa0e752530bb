import type { ApiForm } from "../shared/endpoint.js";

/** Tools that services run themselves, under one name for all services. */
export const HOSTED_TOOLS = [
  "web_search",
  "web_fetch",
  "code_execution",
  "file_search",
  "image_generation",
] as const;

/** The name of a tool that services run themselves. */
export type HostedTool = (typeof HOSTED_TOOLS)[number];

/** How a service wants one of its tools in a request. */
export interface HostedToolForm {
  /** The entry in its list of tools. */
  tool: Readonly<Record<string, unknown>>;
  /** What its answer has to include, so that the tool's results are in it (`include` of Responses). */
  include?: string;
  /** A field of the tool without which the service refuses it. */
  required?: string;
}

/** The tools that a service runs itself. */
export interface HostedTools {
  /** The only form in which it has them; default: in each. */
  form?: ApiForm;
  tools: Readonly<Partial<Record<HostedTool, HostedToolForm>>>;
}

/** OpenAI and Azure (guides "Web search", "Code interpreter", "File search", "Image generation"). */
export const OPENAI_TOOLS: HostedTools = {
  form: "responses",
  tools: {
    web_search: { tool: { type: "web_search" }, include: "web_search_call.action.sources" },
    code_execution: {
      tool: { type: "code_interpreter", container: { type: "auto" } },
      include: "code_interpreter_call.outputs",
    },
    file_search: {
      tool: { type: "file_search" },
      include: "file_search_call.results",
      required: "vector_store_ids",
    },
    image_generation: { tool: { type: "image_generation" } },
  },
};

/** Anthropic (guides "Web search tool", "Web fetch tool", "Code execution tool"). */
export const ANTHROPIC_TOOLS: HostedTools = {
  tools: {
    web_search: { tool: { type: "web_search_20250305", name: "web_search" } },
    web_fetch: { tool: { type: "web_fetch_20250910", name: "web_fetch" } },
    code_execution: { tool: { type: "code_execution_20250825", name: "code_execution" } },
  },
};

/** Gemini (guides "Grounding with Google Search", "URL context", "Code execution"). */
export const GEMINI_TOOLS: HostedTools = {
  tools: {
    web_search: { tool: { googleSearch: {} } },
    web_fetch: { tool: { urlContext: {} } },
    code_execution: { tool: { codeExecution: {} } },
  },
};
