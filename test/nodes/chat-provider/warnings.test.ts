import assert from "node:assert/strict";
import { buildEmptyResult } from "../../../src/client/chat-types.js";
import { AnswerWarnings } from "../../../src/node-red/chat-provider/answer-warnings.js";
import { warnOfPlainHttp } from "../../../src/node-red/chat-provider/warnings.js";
import type { RuntimeNode } from "../../../src/node-red/red/api.js";

/** A variable in the address. */
const HOST = "${" + "HOST}";

describe("The plain-http warning of a chat-provider", () => {
  const warnings = (baseUrl: string, allowInsecure: boolean): string[] => {
    const texts: string[] = [];
    const node = { warn: (warning: string) => texts.push(warning) } as unknown as RuntimeNode;
    const config = { id: "p", type: "chat-provider", provider: "custom", baseUrl, allowInsecure };
    warnOfPlainHttp(node, config, (text) => text.replace(HOST, "llm.example.org"));
    return texts;
  };

  it("K08 warns at each start if the key may travel unencrypted, naming the host and nothing else", () => {
    const [text] = warnings("http://llm.example.org:8080/v1?secret", true);
    assert.match(text ?? "", /llm\.example\.org:8080/);
    assert.doesNotMatch(text ?? "", /secret/);
    assert.match(warnings(`http://${HOST}/v1`, true)[0] ?? "", /llm\.example\.org/);
  });

  it("does not warn if the key cannot be overheard", () => {
    assert.deepEqual(warnings("http://127.0.0.1:8080/v1", true), []);
    assert.deepEqual(warnings("https://llm.example.org/v1", true), []);
    assert.deepEqual(warnings("http://llm.example.org/v1", false), []);
    assert.deepEqual(warnings("no address", true), []);
  });
});

describe("The warnings about an answer", () => {
  const warnings = (skipped: number): string[] => {
    const texts: string[] = [];
    const node = { warn: (warning: string) => texts.push(warning) } as unknown as RuntimeNode;
    new AnswerWarnings(node).warnOf({ ...buildEmptyResult("complete"), skipped });
    return texts;
  };

  it("count the records that were skipped, and say both reasons there may be", () => {
    assert.deepEqual(warnings(0), []);
    assert.deepEqual(warnings(1), [
      "1 record of the stream was skipped: broken, or of an unknown type. Text may be missing.",
    ]);
    assert.match(warnings(12)[0]!, /^12 records of the stream were skipped: broken, or of an unknown type\./);
  });
});
