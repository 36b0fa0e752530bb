import { ANTHROPIC } from "./anthropic/reader.js";
import type { ForeignDialect } from "./dialect.js";
import { GEMINI } from "./gemini/reader.js";
import { OLLAMA } from "./ollama.js";
import { RESPONSES } from "./responses/reader.js";

/** All forms of records other than Chat Completions. A new one needs a reader and an entry here. */
export const FOREIGN_DIALECTS: readonly ForeignDialect[] = [ANTHROPIC, GEMINI, OLLAMA, RESPONSES];
