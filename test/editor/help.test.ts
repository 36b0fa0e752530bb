import assert from "node:assert/strict";
import { LANGUAGES, load, lookUp, read, STEMS, wordsOf } from "./editor-half.js";

const SECTIONS: Record<string, readonly string[]> = {
  "en-US": ["Inputs", "Outputs", "Details", "References"],
  de: ["Eingangsdaten", "Ausgangsdaten", "Details", "Referenzen"],
};

/** The properties of the message contract that a node reads or sends. */
const CONTRACT: Record<string, readonly string[]> = {
  "chat-stream": [
    ...[
      "payload",
      "messages",
      "model",
      "tools",
      "options",
      "conversation",
      "cancel",
      "reset",
      "readCounters",
    ],
    ...["jobType", "jobId", "createJob", "completeJob", "job"],
    ...[
      "parts",
      "chunk",
      "partial",
      "complete",
      "finishReason",
      "steered",
      "usage",
      "cost",
      "traceparent",
      "stats",
      "request",
      "error",
    ],
  ],
  collect: [
    ...["payload", "parts", "flush", "reset"],
    ...[
      "response",
      "finishReason",
      "usage",
      "cost",
      "stats",
      "rounds",
      "job",
      "request",
      "conversation",
      "error",
    ],
  ],
  "delta-buffer": ["payload", "parts", "flush", "reset", "chunk", "partial", "complete"],
  "speech-stream": [
    ...["payload", "parts", "voice", "cancel", "reset", "contentType"],
    ...["complete", "finishReason", "headers", "stats", "error"],
  ],
  "chat-provider": [],
  "chat-endpoint": [],
  "chat-in": ["payload", "messages", "topic", "model", "tools", "options", "client", "request", "replyTo"],
  "chat-out": ["payload", "parts", "replyTo", "error", "cancel"],
  "mcp-server": [],
  budget: ["payload", "messages", "parts", "budget", "askedBy", "cancel", "reset", "error"],
  retry: ["payload", "parts", "cancel", "reset", "stats", "messages", "askedBy"],
  "tool-call-router": [
    ...["payload", "messages", "tools", "options", "toolCall", "error", "cancel", "reset", "listRuns"],
    ...["usage", "cost", "stats", "rounds", "askedBy"],
  ],
};

/** Code does not wrap. More characters than these are wider than the sidebar. */
const MAX_CODE_CHARS = 33;

/** @returns the help of a node, in Markdown */
function readHelp(stem: string, language: string): string {
  const html = read("nodes", "locales", language, `${stem}.html`);
  const [, help] = /^<script type="text\/markdown" data-help-name="([\w-]+)">\n([\s\S]*)<\/script>\n$/
    .exec(html)!
    .slice(1);
  return help!;
}

/** @returns the error codes, from the type that lists them */
function readFailureCodes(): string[] {
  const [, union] = /export type FailureCode =([\s\S]*?);/.exec(read("src", "core", "failure.ts"))!;
  return [...union!.matchAll(/"(\w+)"/g)].map(([, code]) => code!);
}

/** @returns the label of a setting */
function readLabel(stem: string, language: string, setting: string): string {
  return lookUp(wordsOf(stem, language), `${stem}.label.${setting}`)!;
}

describe("Help of the nodes", () => {
  for (const language of LANGUAGES) {
    for (const stem of STEMS) {
      const help = readHelp(stem, language);

      it(`the ${language} help of ${stem} has the sections of the style guide, in their order`, () => {
        const found = [...help.matchAll(/^### (.+)$/gm)].map(([, title]) => title!);
        const places = found.map((title) => SECTIONS[language]!.indexOf(title));
        assert.ok(!places.includes(-1), found.join());
        assert.deepEqual(places, [...places].sort());
        assert.match(help, /^[^#:\n]/);
      });

      it(`the ${language} help of ${stem} documents each property of the message contract, and no other`, () => {
        const documented = [...help.matchAll(/^: \*?(\w+)\*? \(/gm)].map(([, name]) => name!);
        for (const property of CONTRACT[stem]!) assert.ok(documented.includes(property), property);
        assert.deepEqual(
          documented.filter((property) => !CONTRACT[stem]!.includes(property)),
          [],
        );
      });

      it(`the ${language} help of ${stem} fits the sidebar, without tables and long code`, () => {
        // The editor draws tables at least 300 pixels wide, and the sidebar has 282 for its text.
        assert.doesNotMatch(help, /^\|/m);
        for (const [, code] of help.matchAll(/`([^`]+)`/g)) assert.ok(code!.length <= MAX_CODE_CHARS, code);
      });

      it(`no line in the ${language} help of ${stem} has a second colon, which the editor's Markdown takes for a new entry`, () => {
        for (const line of help.split("\n")) {
          if (/^: /.test(line)) assert.match(line, /^: \*?\w+\*? \([\w |]+\) : [^:]+$/, line);
          else
            assert.doesNotMatch(
              line.replace(/`[^`]*`/g, "").replace(/\(https:[^)]*\)/g, ""),
              /:[^\n]*:/,
              line,
            );
        }
      });
    }

    it(`the ${language} help of chat-stream says what to do about each error code`, () => {
      const rows = [...readHelp("chat-stream", language).matchAll(/^- `(\w+)`: (.+)$/gm)];
      assert.deepEqual(
        rows.map(([, code]) => code),
        readFailureCodes(),
      );
      assert.ok(rows.every(([, , advice]) => advice!.length > 10));
    });

    it(`the ${language} help of chat-stream names its settings as the dialog does`, () => {
      const help = readHelp("chat-stream", language);
      for (const setting of ["options", "maxTurns", "mergeReads", "everyChunk"]) {
        assert.ok(help.includes(readLabel("chat-stream", language, setting)), setting);
      }
    });

    it(`the ${language} help of chat-provider names each service, its key variable, and each timeout with its default`, () => {
      const help = readHelp("chat-provider", language);
      const presets = read("src", "providers", "presets.ts");
      const words = wordsOf("chat-provider", language);
      for (const [, id, label] of presets.matchAll(/id: "([\w-]+)",\s+label: "([^"]+)"/g)) {
        const name = lookUp(words, `chat-provider.service.${id}`) ?? label!;
        assert.ok(help.includes(name.replace(/ \(OpenAI-[ck]ompatib(le|el)\)/, "")), name);
      }
      for (const [, variable] of presets.matchAll(/keyVariable: "(\w+)"/g)) {
        assert.ok(help.includes(`\`\${${variable}}\``), variable);
      }
      const { defaults } = load("chat-provider").definition;
      for (const [setting, { value }] of Object.entries(defaults)) {
        if (!setting.endsWith("Timeout")) continue;
        assert.ok(
          help.includes(`- ${readLabel("chat-provider", language, setting)} (${value} s): `),
          setting,
        );
      }
    });

    it(`the ${language} help of chat-provider names each fault of the demo`, () => {
      const [, list] = /FAULTS = \[([\s\S]*?)\]/.exec(read("src", "demo", "server", "models.ts"))!;
      for (const [, fault] of list!.matchAll(/"(\w+)"/g)) {
        assert.ok(readHelp("chat-provider", language).includes(`demo:fault=${fault}`), fault);
      }
    });
  }
});
