import assert from "node:assert/strict";
import { LANGUAGES, load, lookUp, read, STEMS, wordsOf } from "./editor-half.js";

const SECTIONS: Record<string, readonly string[]> = {
  "en-US": ["Inputs", "Outputs", "Details", "References"],
  de: ["Eingangsdaten", "Ausgangsdaten", "Details", "Referenzen"],
};

/** The properties of the message contract that a node takes and gives. */
const CONTRACT: Record<string, readonly string[]> = {
  "chat-stream": [
    ...["payload", "messages", "model", "tools", "options", "conversation", "cancel", "reset"],
    ...["jobType", "jobId", "createJob", "completeJob", "job"],
    ...["parts", "chunk", "partial", "complete", "finishReason", "usage", "stats", "request", "error"],
  ],
  collect: [
    ...["payload", "parts", "flush", "reset"],
    ...["response", "finishReason", "usage", "stats", "rounds", "job", "request", "conversation", "error"],
  ],
  "delta-buffer": ["payload", "parts", "flush", "reset", "chunk", "partial", "complete"],
  "speech-stream": [
    ...["payload", "parts", "voice", "cancel", "reset", "contentType"],
    ...["complete", "finishReason", "headers", "stats", "error"],
  ],
  "chat-provider": [],
  retry: ["payload", "parts", "cancel", "reset", "stats", "messages", "retry"],
  "tool-call-router": [
    ...["payload", "messages", "tools", "options", "toolCall", "error", "cancel", "reset"],
    ...["usage", "stats", "rounds", "toolRun"],
  ],
};

function helpOf(stem: string, language: string): string {
  const html = read("nodes", "locales", language, `${stem}.html`);
  const [, help] = /^<script type="text\/markdown" data-help-name="([\w-]+)">\n([\s\S]*)<\/script>\n$/
    .exec(html)!
    .slice(1);
  return help!;
}

/** The codes that a failure may have, from the type that names them. */
function failureCodes(): string[] {
  const [, union] = /export type FailureCode =([\s\S]*?);/.exec(read("src", "core", "failure.ts"))!;
  return [...union!.matchAll(/"(\w+)"/g)].map(([, code]) => code!);
}

/** The word that a stem's catalogue has for a setting. */
function label(stem: string, language: string, setting: string): string {
  return lookUp(wordsOf(stem, language), `${stem}.label.${setting}`)!;
}

describe("the help", () => {
  for (const language of LANGUAGES) {
    for (const stem of STEMS) {
      const help = helpOf(stem, language);

      it(`of ${stem} in ${language} has the sections of the style guide, in their order`, () => {
        const found = [...help.matchAll(/^### (.+)$/gm)].map(([, title]) => title!);
        const places = found.map((title) => SECTIONS[language]!.indexOf(title));
        assert.ok(!places.includes(-1), found.join());
        assert.deepEqual(places, [...places].sort());
        assert.match(help, /^[^#:\n]/);
      });

      it(`of ${stem} in ${language} documents each property of the message contract`, () => {
        const documented = [...help.matchAll(/^: \*?(\w+)\*? \(/gm)].map(([, name]) => name!);
        for (const property of CONTRACT[stem]!) assert.ok(documented.includes(property), property);
        assert.deepEqual(
          documented.filter((property) => !CONTRACT[stem]!.includes(property)),
          [],
        );
      });

      it(`of ${stem} in ${language} can be read by the editor's Markdown, which takes a second colon for a new entry`, () => {
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

    it(`of chat-stream in ${language} says of each error code what to do`, () => {
      const rows = [...helpOf("chat-stream", language).matchAll(/^\| `(\w+)` \| (.+) \|$/gm)];
      assert.deepEqual(
        rows.map(([, code]) => code),
        failureCodes(),
      );
      assert.ok(rows.every(([, , advice]) => advice!.length > 10));
    });

    it(`of chat-stream in ${language} calls its settings as the dialog does`, () => {
      const help = helpOf("chat-stream", language);
      for (const setting of ["options", "maxTurns", "mergeReads", "everyChunk"]) {
        assert.ok(help.includes(label("chat-stream", language, setting)), setting);
      }
    });

    it(`of chat-provider in ${language} names every service, its key and each timeout with its default`, () => {
      const help = helpOf("chat-provider", language);
      const presets = read("src", "providers", "presets.ts");
      for (const [, name] of presets.matchAll(/label: "([^"]+)"/g)) {
        assert.ok(help.includes(name!.replace(" (OpenAI-compatible)", "")), name);
      }
      for (const [, variable] of presets.matchAll(/keyVariable: "(\w+)"/g)) {
        assert.ok(help.includes(`\`\${${variable}}\``), variable);
      }
      const { defaults } = load("chat-provider").definition;
      for (const [setting, { value }] of Object.entries(defaults)) {
        if (!setting.endsWith("Timeout")) continue;
        assert.ok(help.includes(`| ${label("chat-provider", language, setting)} | ${value} |`), setting);
      }
    });

    it(`of chat-provider in ${language} names every fault that the demo can be asked for`, () => {
      const [, list] = /FAULTS = \[([\s\S]*?)\]/.exec(read("src", "demo", "server", "models.ts"))!;
      for (const [, fault] of list!.matchAll(/"(\w+)"/g)) {
        assert.ok(helpOf("chat-provider", language).includes(`demo:fault=${fault}`), fault);
      }
    });
  }
});
