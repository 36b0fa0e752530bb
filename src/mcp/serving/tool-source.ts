import type { SchemaCheck } from "../../core/json/schema.js";
import type { ToolResult } from "../../core/tools/result.js";

/** A tool that is offered to MCP clients. */
export interface SharedTool {
  name: string;
  description: string;
  parameters: Readonly<Record<string, unknown>>;
  check: SchemaCheck;
}

/** How far a call is. */
export interface CallProgress {
  progress: number;
  total?: number;
  message?: string;
}

/** A call of an MCP client. */
export interface ClientCall {
  name: string;
  arguments: Record<string, unknown>;
  /** Who calls: the name beside the key. */
  client: string;
  /** Aborted if the client does not wait any more. */
  signal: AbortSignal;
  onProgress(progress: CallProgress): void;
}

/** Something that has tools and answers calls of them. */
export interface ToolSource {
  tools: readonly SharedTool[];
  /** @param call with arguments that fit the tool */
  call(call: ClientCall): Promise<ToolResult>;
}
