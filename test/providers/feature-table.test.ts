import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ChatMessage } from "../../src/core/chat/chunk.js";
import type { ChatRequest } from "../../src/core/chat/request.js";
import { Failure } from "../../src/core/failure.js";
import { PROVIDERS } from "../../src/providers/index.js";
import { PRESETS } from "../../src/providers/presets.js";
import type { Provider } from "../../src/providers/provider.js";
import type { ApiForm, Endpoint } from "../../src/providers/shared/endpoint.js";

/** Text in every part of a requested feature. The request for the service must contain each of them. */
const MARK = "bWFyaw";

const createUserMessages = (content: unknown): ChatMessage[] => [{ role: "user", content }];
const withContentPart = (part: object) => createUserMessages([{ type: "text", text: "Look." }, part]);
const schema = { type: "object", properties: { [MARK]: { type: "string" } }, required: [MARK] };

/** What each column of the table asks for, with the mark in every part. */
const FEATURES: Readonly<Record<string, Partial<ChatRequest>>> = {
  "system message": { messages: [{ role: "system", content: MARK }, ...createUserMessages("Hi")] },
  tools: {
    messages: [
      ...createUserMessages("Weather?"),
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "c1", type: "function", function: { name: "weather", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "c1", content: MARK },
    ],
    tools: [{ type: "function", function: { name: "weather", parameters: schema } }],
  },
  "JSON schema": {
    parameters: { response_format: { type: "json_schema", json_schema: { name: "answer", schema } } },
  },
  images: {
    messages: withContentPart({ type: "image_url", image_url: { url: `data:image/png;base64,${MARK}==` } }),
  },
  files: {
    messages: withContentPart({
      type: "file",
      file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${MARK}==` },
    }),
  },
  sound: {
    messages: withContentPart({ type: "input_audio", input_audio: { data: `${MARK}==`, format: "wav" } }),
  },
};

const YES = "✓";
const NO = "–";

function buildEndpoint(provider: Provider, api: ApiForm): Endpoint {
  const settings = Object.fromEntries(
    (provider.settings ?? []).filter(({ required }) => required).map(({ name }) => [name, "x"]),
  );
  const form = provider.forms ? { api } : {};
  return { baseUrl: provider.baseUrl ?? "http://127.0.0.1:1/v1", apiKey: "k", ...form, settings };
}

/** Checks whether a request with the feature can be built and contains all of it. */
function checkSupport(provider: Provider, feature: Partial<ChatRequest>, api: ApiForm = "chat"): string {
  try {
    const job = provider.job ? { job: "job-1" } : {};
    const request = { model: "model-1", messages: createUserMessages("Hi"), ...job, ...feature };
    const { body = "" } = provider.buildChatRequest(request, buildEndpoint(provider, api), {});
    return countMarks(body) === countMarks(JSON.stringify(feature)) ? YES : "lost";
  } catch (thrown) {
    assert.ok(thrown instanceof Failure && thrown.code === "invalid_request", String(thrown));
    return NO;
  }
}

function countMarks(text: string): number {
  return text.split(MARK).length - 1;
}

function checkSpeechSupport(provider: Provider): string {
  if (!provider.buildSpeechRequest) return NO;
  const { url, body = "" } = provider.buildSpeechRequest(
    { text: MARK, model: "voice-1" },
    buildEndpoint(provider, "chat"),
  );
  return /\/audio\/speech$/.test(url.pathname) && body.includes(MARK) ? YES : "lost";
}

function buildRow(provider: Provider): Record<string, string> {
  const row: Record<string, string> = { Responses: provider.forms ? YES : NO };
  for (const [name, feature] of Object.entries(FEATURES)) row[name] = checkSupport(provider, feature);
  row["prefill"] = provider.prefill ? YES : NO;
  row["speech"] = checkSpeechSupport(provider);
  return row;
}

/** Builds the row of Responses, which is the same for all services that offer them. */
function buildResponsesRow(provider: Provider): Record<string, string> {
  const row: Record<string, string> = { Responses: "", prefill: NO, speech: "" };
  for (const [name, feature] of Object.entries(FEATURES)) {
    row[name] = checkSupport(provider, feature, "responses");
  }
  return row;
}

/** Reads the table of docs/providers.md, by the ids of the services. */
function readFeatureTable(): Record<string, Record<string, string>> {
  const page = readFileSync(join(__dirname, "../../docs/providers.md"), "utf8");
  const lines = page.split("\n");
  const start = lines.findIndex((line) => line.startsWith("| service | Responses"));
  const splitCells = (line: string) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
  const columns = splitCells(lines[start]!).slice(1);
  const table: Record<string, Record<string, string>> = {};
  for (let at = start + 2; lines[at]?.startsWith("|"); at++) {
    const [service, ...marks] = splitCells(lines[at]!);
    const ids = [...service!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
    for (const id of ids) table[id] = Object.fromEntries(columns.map((column, i) => [column, marks[i]!]));
  }
  return table;
}

describe("Feature table of docs/providers.md", () => {
  it("matches what a request to each service can contain", () => {
    const truth = Object.fromEntries(PROVIDERS.map((provider) => [provider.id, buildRow(provider)]));
    const { responses, ...table } = readFeatureTable();
    assert.deepEqual(table, truth);
    for (const provider of PROVIDERS.filter(({ forms }) => forms))
      assert.deepEqual(buildResponsesRow(provider), responses, provider.id);
  });

  it("has a row for every service", () => {
    assert.equal(Object.keys(readFeatureTable()).length, PROVIDERS.length + 1);
    assert.ok(PROVIDERS.length > PRESETS.length);
  });
});
