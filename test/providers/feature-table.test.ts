import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ChatMessage } from "../../src/core/chat/chunk.js";
import type { ChatRequest } from "../../src/core/chat/request.js";
import { Failure } from "../../src/core/failure.js";
import { PROVIDERS } from "../../src/providers/index.js";
import { PRESETS } from "../../src/providers/presets.js";
import type { Provider } from "../../src/providers/provider.js";
import type { Endpoint } from "../../src/providers/shared/endpoint.js";

/** Words that must be found in a request if the service is given what it was asked to be given. */
const MARK = "bWFyaw";

const ask = (content: unknown): ChatMessage[] => [{ role: "user", content }];
const withPart = (part: object) => ask([{ type: "text", text: "Look." }, part]);
const schema = { type: "object", properties: { [MARK]: { type: "string" } }, required: [MARK] };

/** What the columns of the table ask for, each with the mark in each part of it. */
const FEATURES: Readonly<Record<string, Partial<ChatRequest>>> = {
  "system message": { messages: [{ role: "system", content: MARK }, ...ask("Hi")] },
  tools: {
    messages: [
      ...ask("Weather?"),
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
    messages: withPart({ type: "image_url", image_url: { url: `data:image/png;base64,${MARK}==` } }),
  },
  files: {
    messages: withPart({
      type: "file",
      file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${MARK}==` },
    }),
  },
  sound: { messages: withPart({ type: "input_audio", input_audio: { data: `${MARK}==`, format: "wav" } }) },
};

const YES = "✓";
const NO = "–";

function endpointOf(provider: Provider): Endpoint {
  const settings = Object.fromEntries(
    (provider.settings ?? []).filter(({ required }) => required).map(({ name }) => [name, "x"]),
  );
  return { baseUrl: provider.baseUrl ?? "http://127.0.0.1:1/v1", apiKey: "k", settings };
}

/** Whether a request with the feature can be made, and has all of it. */
function takes(provider: Provider, wanted: Partial<ChatRequest>): string {
  try {
    const job = provider.job ? { job: "job-1" } : {};
    const request = { model: "model-1", messages: ask("Hi"), ...job, ...wanted };
    const { body = "" } = provider.chat(request, endpointOf(provider), {});
    return marksIn(body) === marksIn(JSON.stringify(wanted)) ? YES : "lost";
  } catch (thrown) {
    assert.ok(thrown instanceof Failure && thrown.code === "invalid_request", String(thrown));
    return NO;
  }
}

function marksIn(text: string): number {
  return text.split(MARK).length - 1;
}

function speaks(provider: Provider): string {
  if (!provider.speech) return NO;
  const { url, body = "" } = provider.speech({ text: MARK, model: "voice-1" }, endpointOf(provider));
  return /\/audio\/speech$/.test(url.pathname) && body.includes(MARK) ? YES : "lost";
}

function rowOf(provider: Provider): Record<string, string> {
  const row: Record<string, string> = {};
  for (const [name, wanted] of Object.entries(FEATURES)) row[name] = takes(provider, wanted);
  row["prefill"] = provider.prefill ? YES : NO;
  row["speech"] = speaks(provider);
  return row;
}

/** The table in the README, by the services' ids. */
function tableOfReadme(): Record<string, Record<string, string>> {
  const readme = readFileSync(join(__dirname, "../../README.md"), "utf8");
  const lines = readme.split("\n");
  const start = lines.findIndex((line) => line.startsWith("| service |"));
  const cells = (line: string) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
  const columns = cells(lines[start]!).slice(1);
  const table: Record<string, Record<string, string>> = {};
  for (let at = start + 2; lines[at]?.startsWith("|"); at++) {
    const [service, ...marks] = cells(lines[at]!);
    const ids = [...service!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
    for (const id of ids) table[id] = Object.fromEntries(columns.map((column, i) => [column, marks[i]!]));
  }
  return table;
}

describe("The README's table of services", () => {
  it("says of each service what a request to it can hold", () => {
    const truth = Object.fromEntries(PROVIDERS.map((provider) => [provider.id, rowOf(provider)]));
    assert.deepEqual(tableOfReadme(), truth);
  });

  it("has every service that there is", () => {
    assert.equal(Object.keys(tableOfReadme()).length, PROVIDERS.length);
    assert.ok(PROVIDERS.length > PRESETS.length);
  });
});
