import { ANTHROPIC } from "./anthropic/reader.js";
import type { ForeignDialect } from "./dialect.js";
import { GEMINI } from "./gemini/reader.js";
import { OLLAMA } from "./ollama.js";

/** Every record shape beside Chat Completions. A new one is a file beside this one and an entry here. */
export const FOREIGN_DIALECTS: readonly ForeignDialect[] = [ANTHROPIC, GEMINI, OLLAMA];
