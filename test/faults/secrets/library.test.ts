import assert from "node:assert/strict";
import { inspect } from "node:util";
import { type ChatOptions, chatStream, Failure } from "../../../src/index.js";
import { guardEachTest } from "../../support/runtime/guards.js";
import { formatAnswer, sendWholeAnswer, TEXT, WORDS } from "../../support/services/answers.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import {
  ask,
  assertStreamComplete,
  assertStreamFailed,
  buildChatOptions,
  CANARY,
  containsSecret,
} from "../../support/worlds/started-stream.js";

/** Collects a stream that must be refused. @returns the failure that it throws */
async function catchRefusal(options: ChatOptions): Promise<Failure> {
  const thrown = await chatStream(options)
    .collect()
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  assert.ok(thrown instanceof Failure, "the request should have been refused");
  return thrown;
}

describe("Secret in a request of the library", () => {
  guardEachTest();

  it("K01: fails without a key before it connects, and says where to put the key", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    for (const apiKey of ["", undefined]) {
      const { apiKey: _key, ...options } = buildChatOptions(server, { provider: "openai" });
      const failure = await catchRefusal(apiKey === undefined ? options : { ...options, apiKey });
      assert.deepEqual([failure.code, failure.retryable, failure.phase], ["credentials", false, "connect"]);
      assert.match(failure.message, /Enter one, or set the environment variable OPENAI_API_KEY/);
    }
    assert.equal(server.connections, 0);
  });

  it("K02: does not send a key that is the name of an unset variable, and names the variable", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as Node-RED leaves it in a credential
    for (const text of ["${MY_KEY}", "$(MY_KEY)"]) {
      const failure = await catchRefusal(buildChatOptions(server, { apiKey: text }));
      assert.equal(failure.code, "credentials");
      assert.match(failure.message, /MY_KEY/);
      const headerFailure = await catchRefusal(buildChatOptions(server, { headers: { "x-api-key": text } }));
      assert.equal(headerFailure.code, "credentials");
    }
    assert.equal(server.connections, 0);
  });

  for (const [content, suffix] of [
    ["a line break", "\r\nx-injected: 1"],
    ["a zero byte", "\0"],
    ["a letter beyond ASCII", "é"],
    ["a line separator", "\u2028"],
  ] as const) {
    it(`K03: refuses a key with ${content} without quoting it`, async () => {
      await using server = await startChaosServer(sendWholeAnswer);
      const secret = `sk-quite-secret${suffix}`;
      const failure = await catchRefusal(buildChatOptions(server, { apiKey: secret }));
      assert.equal(failure.code, "credentials");
      const headerFailure = await catchRefusal(buildChatOptions(server, { headers: { "x-secret": secret } }));
      assert.equal(headerFailure.code, "configuration");
      for (const refused of [failure, headerFailure]) {
        assert.doesNotMatch(inspect(refused, { depth: null, showHidden: true }), /quite-secret/);
      }
      assert.equal(server.connections, 0);
    });
  }

  it("K05: removes the key in any form from a message of the service that quotes it", async () => {
    const header = "second-canary-0123456789";
    const forms = [CANARY, encodeURIComponent(CANARY), Buffer.from(CANARY).toString("base64"), header];
    const message = `Incorrect API key provided: ${forms.join(" or ")}. See our pages.`;
    const error = JSON.stringify({ error: { message } });
    const replies: [number, string, string][] = [
      [401, "application/json", error],
      [401, "text/html", `<h1>${message}</h1>`],
      [200, "application/json", error],
      [200, "text/event-stream", `${formatAnswer(WORDS).slice(0, 3).join("")}data: ${error}\n\n`],
      [200, "text/event-stream", `event: error\ndata: ${message}\n\n`],
    ];
    for (const [status, type, text] of replies) {
      await using server = await startChaosServer((peer) =>
        peer.respond(status, { "content-type": type, "x-request-id": `req ${CANARY}` }, text),
      );
      // `ask` asserts that the result contains no form of the key.
      const { result } = await ask(server, { headers: { "x-api-key": header } });
      assert.equal(result.failure?.code, "authentication");
      assert.match(result.failure.message, /\*\*\*/);
      assert.ok(!containsSecret(inspect(result, { depth: null }), header));
    }
  });

  it("K07: refuses a base URL with a user and a password without quoting it", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const failure = await catchRefusal(
      buildChatOptions(server, { baseUrl: server.url.replace("//", "//admin:hunter2@") }),
    );
    assert.equal(failure.code, "configuration");
    assert.doesNotMatch(inspect(failure, { depth: null }), /hunter2/);
    assert.equal(server.connections, 0);
  });

  it("K08: does not send a key unencrypted to another machine unless allowInsecure is set", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const lookups: string[] = [];
    const failLookup = (host: string, _options: object, callback: (error: Error) => void) => {
      lookups.push(host);
      callback(Object.assign(new Error("not found"), { code: "ENOTFOUND" }));
    };
    await using far = await startChaosServer(sendWholeAnswer, { client: { tls: { lookup: failLookup } } });
    for (const baseUrl of ["http://models.example.org/v1", "http://127.0.0.1.example.org/v1"]) {
      const insecure = buildChatOptions(far, { baseUrl });
      assert.equal((await catchRefusal(insecure)).code, "configuration");
      const { apiKey: _key, ...keyless } = insecure;
      assert.equal(
        (await catchRefusal({ ...keyless, headers: { "x-api-key": CANARY } })).code,
        "configuration",
      );
      assert.deepEqual(lookups, []);
      // Without a key, or if the author allows it, the request is sent, and only the lookup fails.
      assert.equal((await catchRefusal(keyless)).code, "connection");
      assert.equal((await catchRefusal({ ...insecure, allowInsecure: true })).code, "connection");
      assert.equal(lookups.splice(0).length, 2);
    }
    assertStreamComplete(await ask(server), TEXT);
  });

  it("K09: ignores parameters that would change the address, headers, model or form of a request", async () => {
    await using other = await startChaosServer(sendWholeAnswer);
    await using server = await startChaosServer(sendWholeAnswer);
    const hostile = {
      url: other.url,
      baseUrl: other.url,
      baseURL: other.url,
      host: `127.0.0.1:${other.port}`,
      origin: other.url,
      path: "/elsewhere",
      method: "DELETE",
      headers: { authorization: "Bearer other", host: "other.example" },
      authorization: "Bearer other",
      stream: false,
      model: "other-model",
      messages: [{ role: "user", content: "other" }],
      tools: [{ type: "function", function: { name: "other" } }],
      temperature: 0.5,
    };
    assertStreamComplete(await ask(server, { parameters: hostile }), TEXT);
    const [request] = server.requests;
    const body = JSON.parse(request!.body);
    assert.equal(request!.method, "POST");
    assert.equal(request!.path, "/v1/chat/completions");
    assert.equal(request!.headers["authorization"], `Bearer ${CANARY}`);
    assert.equal(request!.headers["host"], `127.0.0.1:${server.port}`);
    assert.deepEqual([body.stream, body.model, body.temperature], [true, "m", 0.5]);
    assert.deepEqual(body.messages, [{ role: "user", content: "hello" }]);
    assert.equal(body.tools, undefined);
    assert.equal(other.connections, 0);
  });

  it("K10: never connects to an address in a model name, a message or a response", async () => {
    const address = "http://169.254.169.254/latest/meta-data/";
    const lookups: string[] = [];
    const lookup = (host: string) => void lookups.push(host);
    await using server = await startChaosServer(
      (peer) => peer.respond(307, { location: address, "content-location": address }, ""),
      { client: { tls: { lookup } } },
    );
    for (const model of [address, "../../../latest", "m\r\nhost: 169.254.169.254", "//169.254.169.254/x"]) {
      const answer = await ask(server, { model, messages: [{ role: "user", content: address }] });
      assertStreamFailed(answer, "bad_response", { phase: "headers", retryable: false, status: 307 });
      assert.equal(server.requests.at(-1)?.path, "/v1/chat/completions");
    }
    assert.deepEqual(lookups, []);
    assert.equal(server.requests.length, 4);
  });
});
