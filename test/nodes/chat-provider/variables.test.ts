import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createChatStreamNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { waitForEnd } from "../../support/runtime/inbox.js";
import { useHelper } from "../../support/runtime/use-helper.js";
import { useService } from "../../support/services/use-service.js";

const variable = (name: string) => `\${${name}}`;

describe("Environment variables in a chat-provider", () => {
  const load = useHelper();
  const service = useService();

  before(() => {
    process.env["LLM_TOKEN"] = "token-of-the-machine";
  });
  after(() => {
    delete process.env["LLM_TOKEN"];
  });

  /** Asks a provider in a flow that has variables of its own. @returns the last message */
  async function ask(settings: Record<string, unknown>, secretHeaders = {}): Promise<Message> {
    const env = [
      { name: "LLM_PORT", value: new URL(service().url).port, type: "str" },
      { name: "LLM_TEAM", value: "red", type: "str" },
      { name: "LLM_TRIES", value: "3", type: "num" },
    ];
    const flow = await load(
      [
        { ...TAB, env },
        createProviderNode(service().url, { z: "tab", ...settings }),
        createChatStreamNode(),
        createSinkNode("out"),
        ...createWitnessNodes(),
      ],
      { provider: { secretHeaders: JSON.stringify(secretHeaders) } },
    );
    flow.inject("ask", { payload: "Hi" });
    return waitForEnd(flow.getInbox("out"));
  }
  const sentHeaders = (last: Message) => {
    assert.equal(last.finishReason, "stop", JSON.stringify(last.error));
    return service().requests[0]!.headers;
  };

  it("fills variables into headers, secret or not, as the whole value or a part of it", async () => {
    const plain = {
      "x-team": variable("LLM_TEAM"),
      "x-note": `${variable("LLM_TRIES")} of "${variable("LLM_TEAM")}"`,
    };
    const secret = { authorization: `Bearer ${variable("LLM_TOKEN")}`, "x-old": "$(LLM_TEAM)" };
    const sent = sentHeaders(await ask({ headers: JSON.stringify(plain) }, secret));
    assert.equal(sent["x-team"], "red");
    assert.equal(sent["x-note"], '3 of "red"');
    assert.equal(sent.authorization, "Bearer token-of-the-machine");
    assert.equal(sent["x-old"], "red");
  });

  it("fills variables into a part of the base URL", async () => {
    sentHeaders(await ask({ baseUrl: `http://127.0.0.1:${variable("LLM_PORT")}/v1` }));
  });

  it("names a variable that is not set, and sends nothing", async () => {
    const wrong: [Record<string, unknown>, object][] = [
      [{ headers: JSON.stringify({ "x-team": variable("LLM_NOWHERE") }) }, {}],
      [{}, { authorization: `Bearer ${variable("LLM_NOWHERE")}` }],
      [{ baseUrl: `http://127.0.0.1/${variable("LLM_NOWHERE")}` }, {}],
    ];
    for (const [settings, secret] of wrong) {
      const { error } = await ask(settings, secret);
      assert.match((error as Error).message, /the environment variable LLM_NOWHERE, which is not set/);
    }
    assert.equal(service().requests.length, 0);
  });

  it("hides the value of a variable if the service quotes it, but not other plain headers", async () => {
    service().script = (reply) =>
      reply.sendJson(400, { error: { message: "token-of-the-machine of team-of-mine, s3cret-header" } });
    const plain = { "x-note": variable("LLM_TOKEN"), "x-team": "team-of-mine" };
    const { error } = await ask({ headers: JSON.stringify(plain) }, { "x-other": "s3cret-header" });
    assert.match((error as Error).message, /: \*\*\* of team-of-mine, \*\*\*/);
  });
});
