import assert from "node:assert/strict";
import { warnOfPlainHttp } from "../../../src/node-red/chat-provider/warnings.js";
import type { RuntimeNode } from "../../../src/node-red/red/api.js";

/** A variable in the address. */
const HOST = "${" + "HOST}";

describe("A provider that may send its key unencrypted", () => {
  const warnings = (baseUrl: string, allowInsecure: boolean): string[] => {
    const said: string[] = [];
    const node = { warn: (text: string) => said.push(text) } as unknown as RuntimeNode;
    const config = { id: "p", type: "chat-provider", provider: "custom", baseUrl, allowInsecure };
    warnOfPlainHttp(node, config, (text) => text.replace(HOST, "llm.example.org"));
    return said;
  };

  it("K08 warns of it at each start, naming the host and nothing else", () => {
    const [said] = warnings("http://llm.example.org:8080/v1?secret", true);
    assert.match(said ?? "", /llm\.example\.org:8080/);
    assert.doesNotMatch(said ?? "", /secret/);
    assert.match(warnings(`http://${HOST}/v1`, true)[0] ?? "", /llm\.example\.org/);
  });

  it("says nothing where nothing can be overheard", () => {
    assert.deepEqual(warnings("http://127.0.0.1:8080/v1", true), []);
    assert.deepEqual(warnings("https://llm.example.org/v1", true), []);
    assert.deepEqual(warnings("http://llm.example.org/v1", false), []);
    assert.deepEqual(warnings("no address", true), []);
  });
});
