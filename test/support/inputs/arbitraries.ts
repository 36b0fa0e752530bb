import fc from "fast-check";
import { CHUNK_HEAD } from "./openai-chunks.js";

/** Texts that are likely to confuse a parser. */
const TRAPS = [
  "",
  " ",
  '"',
  "\\",
  '\\"',
  "\n",
  "\r\n",
  "\u0000",
  "\u2028",
  "é",
  "水",
  "🙂",
  "\ud83d",
  "\ude42",
  "\uFEFF",
  "data: ",
  "[DONE]",
  ":",
  "content",
  '"content":"',
  '"}}]}',
  '","finish_reason":"stop',
  "assistant",
  "m-1",
  "__proto__",
  "\u2063probe\u2063",
  "\u2063probe0\u2063",
];

/** Any text, often with a trap. */
export const anyText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(...TRAPS),
      fc.string({ unit: "binary", maxLength: 6 }),
      fc.string({ maxLength: 6 }),
    ),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((parts) => parts.join(""));

/** Matches the names of texts that grow. */
const TEXT_KEY = /^(?:content|text|thinking|reasoning_content|delta|partial_json)$/;

/** Decides where JSON has spaces and escapes. The numbers are used in a circle. */
export type JsonStyle = readonly number[];

export const anyJsonStyle: fc.Arbitrary<JsonStyle> = fc.array(fc.nat(11), { minLength: 1, maxLength: 8 });

/** Writes JSON as other encoders do, with spaces anywhere and with unnecessary escapes in texts. */
export function writeOddJson(value: unknown, style: JsonStyle): string {
  const createWheel = () => {
    let at = 0;
    return () => style[at++ % style.length]!;
  };
  // Spaces have a wheel of their own, so that records with different texts have the same spaces.
  const [nextSpace, nextEscape] = [createWheel(), createWheel()];
  const pickSpace = () => ["", "", "", " ", "\t", " \n"][nextSpace() % 6]!;
  const escapeChar = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const writeText = (content: string) =>
    JSON.stringify(content).replace(/[^\\"]|\\./g, (char) =>
      char.length === 1 && nextEscape() === 7 ? escapeChar(char) : char,
    );
  const write = (node: unknown, key = ""): string => {
    if (typeof node === "string") return TEXT_KEY.test(key) ? writeText(node) : JSON.stringify(node);
    if (typeof node !== "object" || node === null) return JSON.stringify(node);
    if (Array.isArray(node))
      return `[${pickSpace()}${node.map((item) => write(item)).join(`${pickSpace()},`)}]`;
    const members = Object.entries(node).filter(([, member]) => member !== undefined);
    const pairs = members.map(
      ([name, member]) =>
        `${pickSpace()}${JSON.stringify(name)}${pickSpace()}:${pickSpace()}${write(member, name)}`,
    );
    return `{${pairs.join(",")}${pickSpace()}}`;
  };
  return write(value);
}

/** What the chunks of a stream contain besides their text. Most chunks of a stream share it. */
interface Look {
  style: JsonStyle;
  extra: object;
  choice: object;
  delta: object;
  /** Where a field repeats the text. */
  echo: "none" | "delta" | "choice" | "record" | "before";
}

const anyLook: fc.Arbitrary<Look> = fc.record({
  style: fc.oneof(fc.constant([0]), anyJsonStyle),
  extra: fc.constantFrom<object[]>(
    {},
    {},
    {},
    { system_fingerprint: "fp_1" },
    { system_fingerprint: "fp_2", service_tier: null },
    { usage: null, obfuscation: "" },
    { usage: { total_tokens: 3 } },
    { citations: ["https://a"] },
    { x_groq: { id: "r" } },
  ),
  choice: fc.constantFrom<object[]>({}, { logprobs: null }, { content_filter_results: { hate: 1 } }),
  delta: fc.constantFrom<object[]>(
    {},
    { role: "assistant" },
    { reasoning_content: null },
    { tool_calls: [] },
  ),
  echo: fc.constantFrom("none", "none", "none", "none", "none", "delta", "choice", "record", "before"),
});

function buildRecord(
  look: Look,
  content: string,
  more: { choice?: object; extra?: object; delta?: object } = {},
): object {
  const echoAt = (place: Look["echo"]) => (look.echo === place ? { echo: content } : {});
  return {
    ...echoAt("before"),
    ...CHUNK_HEAD,
    ...echoAt("record"),
    ...look.extra,
    choices: [
      {
        index: 0,
        ...echoAt("choice"),
        delta: { ...look.delta, ...echoAt("delta"), content, ...more.delta },
        finish_reason: null,
        ...look.choice,
        ...more.choice,
      },
    ],
    ...("obfuscation" in look.extra ? { obfuscation: `x${content.length}` } : {}),
    ...more.extra,
  };
}

/** Builds a record with something else than plain text. */
const anyAside: fc.Arbitrary<(look: Look, content: string) => object> = fc.constantFrom(
  (look: Look) => buildRecord(look, "", { delta: { role: "assistant" } }),
  (look: Look, content: string) => buildRecord(look, content, { delta: { reasoning_content: "hm" } }),
  (look: Look, content: string) => buildRecord(look, "", { delta: { refusal: content } }),
  (look: Look, content: string) => buildRecord(look, content, { choice: { index: 1 } }),
  (look: Look, content: string) =>
    buildRecord(look, content, { choice: { logprobs: { content: [{ token: content }] } } }),
  (look: Look) => ({ ...CHUNK_HEAD, ...look.extra, choices: [], usage: { total_tokens: 9 } }),
  (look: Look, content: string) =>
    buildRecord(look, content, { extra: { usage: { total_tokens: content.length } } }),
  (look: Look, content: string) =>
    buildRecord(look, content, { extra: { system_fingerprint: "fp_3", id: "other" } }),
  (look: Look) =>
    buildRecord(look, "", { extra: { venice_parameters: { web_search_citations: [{ url: "u" }] } } }),
  (look: Look) => buildRecord(look, "", { delta: { annotations: [{ url: "u" }], images: [{ b: 1 }] } }),
  (look: Look) => buildRecord(look, "", { delta: { audio: { data: "YQ==", transcript: "a" } } }),
  (look: Look) =>
    buildRecord(look, "", { delta: { reasoning_details: [{ type: "t", index: 0, text: "a" }] } }),
  (look: Look, content: string) =>
    buildRecord(look, "", { delta: { reasoning: content, reasoning_encrypted: true } }),
  (look: Look, content: string) =>
    buildRecord(look, "", {
      delta: { tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: content } }] },
    }),
  (look: Look) => buildRecord(look, "", { delta: { tool_calls: [{ index: 1, custom: { a: 1 } }] } }),
);

/** Records of a stream as JSON texts. Most differ only in the answer text, as those of a service do. */
export const anyRecords: fc.Arbitrary<string[]> = fc
  .tuple(
    fc.array(anyLook, { minLength: 1, maxLength: 3 }),
    fc.array(
      fc.record({
        look: fc.nat(8),
        content: anyText,
        aside: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: anyAside }),
      }),
      { maxLength: 24, size: "max" },
    ),
    fc.constantFrom("stop", "length", null),
    fc.boolean(),
  )
  .map(([looks, steps, reason, marked]) => {
    const records = steps.map(({ look, content, aside }) => {
      const own = looks[look] ?? looks[0]!;
      return writeOddJson(aside ? aside(own, content) : buildRecord(own, content), own.style);
    });
    if (reason !== null)
      records.push(JSON.stringify(buildRecord(looks[0]!, "", { choice: { finish_reason: reason } })));
    if (marked) records.push("[DONE]");
    return records;
  });

/** Keys that the decoder reads, and keys that lead to a prototype. */
const KEYS = `
  choices delta content index id error message code type status detail details object
  usage x_groq base_resp status_code metadata raw violations quotaId finish_reason
  logprobs tool_calls function function_call name arguments reasoning reasoning_details
  text thinking audio data transcript expires_at images annotations refusal role
  citations search_results venice_parameters web_search_citations constructor prototype
  toString hasOwnProperty obfuscation encrypted_reasoning reasoning_encrypted summary
  signature failed_generation retryDelay quotaResetDelay index`
  .trim()
  .split(/\s+/);

/** Values that a decoder may misread. The last one cannot be converted to a string. */
const VALUES = [
  null,
  true,
  false,
  0,
  1,
  -1,
  1.5,
  1e9,
  "",
  "stop",
  "x",
  "0",
  "[DONE]",
  "__proto__",
  { toString: null },
];

/** Any JSON value, with keys that the decoder reads. */
export const anyJson: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<unknown[]>(...VALUES),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie("value"), { maxKeys: 5 }),
  ),
})).value;

/** An object with the outer form of a chunk and any JSON inside. */
export const anyChunkLike: fc.Arbitrary<unknown> = fc.record(
  {
    id: anyJson,
    choices: fc.array(
      fc.record(
        {
          index: fc.oneof(fc.constantFrom(0, 0, 1), anyJson),
          delta: anyJson,
          finish_reason: anyJson,
          logprobs: anyJson,
          message: anyJson,
        },
        { requiredKeys: ["delta"] },
      ),
      { maxLength: 2 },
    ),
    usage: anyJson,
    citations: anyJson,
    error: anyJson,
  },
  { requiredKeys: ["choices"] },
);
