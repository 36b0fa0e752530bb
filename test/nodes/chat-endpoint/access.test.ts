import assert from "node:assert/strict";
import { createServedFlow, deployServed, KEY } from "../../support/flows/serving.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { RawClient } from "../../support/serving/raw-client.js";

const BODY = JSON.stringify({ model: "house", messages: [{ role: "user", content: "Hi" }] });

/** Asks without a preflight, as any program may. */
async function ask(url: string, headers: Record<string, string>): Promise<Response> {
  return fetch(`${url}/ai/v1/chat/completions`, { method: "POST", headers, body: BODY });
}

async function readCode(response: Response): Promise<string | null> {
  return ((await response.json()) as { error: { code: string | null } }).error.code;
}

describe("Access to a chat-endpoint", () => {
  const runtime = useRuntime();
  const service = useService();

  it("K24 is given to no one without a key of the endpoint, and says what is missing", async () => {
    await deployServed(runtime(), createServedFlow(service().url));
    for (const [headers, advice] of [
      [{}, /has no key/],
      [{ authorization: "Bearer" }, /has no key/],
      [{ authorization: `Basic ${btoa(`x:${KEY}`)}` }, /has no key/],
      [{ authorization: "Bearer sk-wrong" }, /not valid for this endpoint/],
      [{ authorization: `Bearer ${KEY.slice(0, -1)}` }, /not valid for this endpoint/],
      [{ authorization: `Bearer ${KEY}x` }, /not valid for this endpoint/],
      [{ authorization: `Bearer ${KEY.toUpperCase()}` }, /not valid for this endpoint/],
      [{ "x-api-key": "Bob" }, /not valid for this endpoint/],
      [{ "api-key": "" }, /not valid for this endpoint/],
    ] as const) {
      for (const path of ["/ai/v1/chat/completions", "/ai/v1/models", "/ai/v1/nothing"]) {
        const response = await fetch(runtime().url + path, {
          method: path.endsWith("completions") ? "POST" : "GET",
          headers,
        });
        const { error } = (await response.json()) as { error: { code: string; message: string } };
        assert.equal(response.status, 401, JSON.stringify(headers));
        assert.equal(error.code, "invalid_api_key");
        assert.match(error.message, advice);
        assert.equal(response.headers.get("www-authenticate"), "Bearer");
      }
    }
    assert.equal(service().requests.length, 0);
  });

  it("is given to each key, in any header that clients use", async () => {
    await deployServed(runtime(), createServedFlow(service().url));
    const accepted: Record<string, string>[] = [
      { authorization: `Bearer ${KEY}` },
      { authorization: `bearer  ${KEY} ` },
      { "x-api-key": KEY },
      { "api-key": "sk-bob" },
    ];
    for (const headers of accepted) assert.equal((await ask(runtime().url, headers)).status, 200);
  });

  it("K21 is closed at first: without keys and not opened, nobody may ask", async () => {
    for (const keys of [
      "",
      " \n ",
      "$" + "{NOT_SET_ANYWHERE}",
      "Ada $" + "{NOT_SET_ANYWHERE}",
      "$(NOT_SET_ANYWHERE)",
    ]) {
      await runtime().deploy(createServedFlow(service().url), "full", { endpoint: { keys } });
      for (const headers of [{}, { authorization: `Bearer ${keys.trim().split(" ").at(-1)}` }]) {
        const response = await ask(runtime().url, headers as Record<string, string>);
        assert.equal(response.status, 401, keys);
        assert.match(await response.text(), /endpoint is closed/);
      }
    }
    await runtime().statuses.waitUntil((all) =>
      all.some(({ id, status }) => id === "in" && status?.fill === "red"),
    );
    assert.ok(runtime().logs.some(({ msg }) => /Nobody can use \/ai yet/.test(String(msg))));
  });

  it("takes keys from environment variables", async () => {
    process.env["AI_KEYS"] = "sk-from-env";
    await runtime().deploy(createServedFlow(service().url), "full", {
      endpoint: { keys: "Ada $" + "{AI_KEYS}" },
    });
    delete process.env["AI_KEYS"];
    assert.equal((await ask(runtime().url, { authorization: "Bearer sk-from-env" })).status, 200);
    assert.equal((await ask(runtime().url, { authorization: "Bearer sk-other" })).status, 401);
  });

  it("is open to anybody only if that is ticked", async () => {
    await runtime().deploy(createServedFlow(service().url, { endpoint: { open: true } }));
    assert.equal((await ask(runtime().url, {})).status, 200);
    assert.equal((await ask(runtime().url, { authorization: "Bearer anything" })).status, 200);
    await runtime().deploy(createServedFlow(service().url, { endpoint: { open: "true" } }));
    assert.equal((await ask(runtime().url, {})).status, 401);
  });

  it("K22 is refused to web pages of other origins, even if anybody may ask", async () => {
    await runtime().deploy(
      createServedFlow(service().url, { endpoint: { open: true, origins: "https://a.example/, app://b" } }),
    );
    const { url } = runtime();
    const own = new URL(url).origin;
    for (const [headers, status] of [
      [{}, 200],
      [{ origin: own }, 200],
      [{ origin: "https://a.example" }, 200],
      [{ origin: "HTTPS://A.example" }, 200],
      [{ origin: "app://b" }, 200],
      [{ origin: "https://proxied.example", "x-forwarded-host": "proxied.example" }, 200],
      [{ origin: "https://proxied.example", "sec-fetch-site": "same-origin" }, 200],
      [{ origin: "https://evil.example" }, 403],
      [{ origin: "https://a.example.evil.example" }, 403],
      [{ origin: "http://a.example" }, 403],
      [{ origin: "null" }, 403],
      [{ origin: "https://evil.example", "sec-fetch-site": "cross-site" }, 403],
      [{ "sec-fetch-site": "cross-site" }, 403],
      [{ "sec-fetch-site": "none" }, 200],
    ] as const) {
      const client = await RawClient.connect(url);
      client.send(
        "POST /ai/v1/chat/completions HTTP/1.1",
        { ...headers, Connection: "close", Host: new URL(url).host },
        BODY,
      );
      const answer = await client.waitUntilClosed();
      assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), JSON.stringify(headers));
      const allowed = /^access-control-allow-origin: (.*)$/im.exec(answer)?.[1];
      const isListed = "origin" in headers && /a\.example$|app:/i.test(headers.origin) && status === 200;
      assert.equal(allowed, isListed ? headers.origin : undefined, JSON.stringify(headers));
    }
  });

  it("answers the preflight of a page, with all headers that the page wants to send", async () => {
    await runtime().deploy(
      createServedFlow(service().url, { endpoint: { open: true, origins: "https://a.example" } }),
    );
    const preflight = (origin: string) =>
      fetch(`${runtime().url}/ai/v1/chat/completions`, {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "POST",
          "access-control-request-headers": "authorization,x-stainless-os",
        },
      });
    const allowed = await preflight("https://a.example");
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers.get("access-control-allow-origin"), "https://a.example");
    assert.equal(allowed.headers.get("access-control-allow-headers"), "authorization,x-stainless-os");
    assert.match(allowed.headers.get("access-control-allow-methods")!, /POST/);
    assert.equal(allowed.headers.get("vary"), "Origin");
    const refused = await preflight("https://evil.example");
    assert.equal(refused.headers.get("access-control-allow-origin"), null);
    assert.equal(refused.headers.get("access-control-allow-headers"), null);
  });

  it("K23 reflects no markup of a request, and tells nothing of the machine", async () => {
    await deployServed(runtime(), createServedFlow(service().url));
    const client = await RawClient.connect(runtime().url);
    client.send("GET /ai/v1/<script>alert(1)</script> HTTP/1.1", {
      Authorization: `Bearer ${KEY}`,
      Connection: "close",
    });
    const answer = await client.waitUntilClosed();
    assert.match(answer, /^HTTP\/1.1 404 /);
    assert.match(answer, /content-type: application\/json/i);
    assert.ok(!answer.includes("<script>"));
    assert.doesNotMatch(answer, /node_modules|\.ts:|\.js:/);
  });

  it("is asked for by every route, the unknown ones too", async () => {
    await deployServed(runtime(), createServedFlow(service().url));
    const response = await fetch(`${runtime().url}/ai/v1/embeddings`, { method: "POST" });
    assert.equal(await readCode(response), "invalid_api_key");
  });
});
