/** Paths of operations that documentation shows behind a base URL. The longer of two comes first. */
const OPERATIONS: readonly (readonly string[])[] = [
  ["chat", "completions"],
  ["audio", "speech"],
  ["audio", "transcriptions"],
  ["audio", "translations"],
  ["images", "generations"],
  ["messages", "count_tokens"],
  ["messages", "batches"],
  ["responses", "input_tokens"],
  ["completions"],
  ["messages"],
  ["responses"],
  ["embeddings"],
];

/** Operations that may also be the name of a folder. They count behind a version only. */
const VERSIONED: readonly (readonly string[])[] = [
  ["models"],
  ["chat"],
  ["complete"],
  ["moderations"],
  ["rerank"],
];

/** Operations of Ollama's own API, behind `api`. */
const OLLAMA_OPERATIONS: ReadonlySet<string> = new Set([
  "chat",
  "generate",
  "tags",
  "show",
  "embed",
  "ps",
  "version",
]);

const VERSION = /^v\d[\w.-]{0,12}$/;

/**
 * Takes the path of an operation off a base URL, such as `/chat/completions`, `/messages` or
 * `/models/x:streamGenerateContent`: documentation shows whole addresses, and people copy these.
 * @param speaksOllama whether requests go to Ollama's own API. Another form of requests is beside it, below `v1`.
 */
export function trimOperation(pathname: string, speaksOllama: boolean): string {
  const segments = pathname.split("/").filter((segment) => segment !== "");
  const kept = findBase(segments, speaksOllama);
  return kept === segments ? pathname : `/${kept.join("/")}`;
}

function findBase(segments: string[], speaksOllama: boolean): string[] {
  const [before = "", last = ""] = segments.slice(-2);
  // Google's operations are behind a colon.
  if (last.includes(":") && /models$/i.test(before)) return segments.slice(0, -2);
  if (before === "api" && OLLAMA_OPERATIONS.has(last))
    return speaksOllama ? segments.slice(0, -1) : [...segments.slice(0, -2), "v1"];
  const operation =
    OPERATIONS.find((path) => endsWith(segments, path)) ??
    VERSIONED.find((path) => endsWith(segments, path) && VERSION.test(segments.at(-path.length - 1) ?? ""));
  return operation ? segments.slice(0, -operation.length) : segments;
}

function endsWith(segments: readonly string[], path: readonly string[]): boolean {
  return path.every((segment, at) => segments.at(at - path.length)?.toLowerCase() === segment);
}
