import type { DemoFields } from "./json.js";

/** A call of a function. */
export interface DemoCall {
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

export const DEMO_ROLES = ["system", "developer", "user", "assistant", "tool", "function"] as const;

/** One message of the request, reduced to what the demo model reads. */
export interface DemoMessage {
  readonly role: (typeof DEMO_ROLES)[number];
  /** All text parts joined. */
  readonly text: string;
  /** Number of parts that are not text: images, audio, files. */
  readonly attachments: number;
  /** The addresses of the images, most of them `data:` URLs. */
  readonly pictures: readonly string[];
  readonly toolCalls: readonly (DemoCall & { readonly id: string })[];
  readonly toolCallId: string | undefined;
}

/** A function that the request offers. */
export interface DemoTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: DemoFields | undefined;
}

export interface DemoToolSettings {
  readonly tools: readonly DemoTool[];
  readonly choice: "none" | "auto" | "required" | { readonly name: string };
  /** `parallel_tool_calls`: whether one turn may make several calls. */
  readonly parallel: boolean;
}

/** The parts of a request that decide about the answer. */
export interface DemoPrompt extends DemoToolSettings {
  readonly messages: readonly DemoMessage[];
  /** Set if the answer has to be JSON; the schema may be undefined. */
  readonly format: { readonly schema: DemoFields | undefined } | undefined;
  /** `reasoning_effort`: how much `demo-reasoning` thinks aloud. */
  readonly effort: string | undefined;
}
