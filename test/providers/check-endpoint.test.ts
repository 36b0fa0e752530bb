import assert from "node:assert/strict";
import { Failure, type FailureCode } from "../../src/core/failure.js";
import { checkEndpoint } from "../../src/providers/check-endpoint.js";
import { getProvider } from "../../src/providers/index.js";
import type { Endpoint } from "../../src/providers/shared/endpoint.js";
import { listSecretHeaderValues } from "../../src/providers/shared/endpoint.js";

/** As Node-RED leaves it where the variable is not set. */
const variable = (name: string) => `\${${name}}`;

const KEY = "sk-secret-1234";
const openai = getProvider("openai");
const custom = getProvider("custom");

function refused(endpoint: Partial<Endpoint>, code: FailureCode, says: RegExp, provider = custom): void {
  assert.throws(
    () => checkEndpoint(provider, endpoint),
    (thrown) => {
      assert.ok(thrown instanceof Failure);
      assert.equal(thrown.code, code);
      assert.match(thrown.message, says);
      assert.doesNotMatch(JSON.stringify(thrown) + thrown.stack, /sk-secret/);
      return true;
    },
    JSON.stringify(endpoint),
  );
}

describe("Where a request goes", () => {
  it("is the provider's own address unless the author gives another", () => {
    assert.equal(checkEndpoint(openai, { apiKey: KEY }).baseUrl, "https://api.openai.com/v1");
    assert.equal(checkEndpoint(openai, { apiKey: KEY, baseUrl: "" }).baseUrl, "https://api.openai.com/v1");
    assert.equal(
      checkEndpoint(openai, { apiKey: KEY, baseUrl: "https://eu.x/v1" }).baseUrl,
      "https://eu.x/v1",
    );
  });

  it("needs no key where the author puts a token into a header of his own", () => {
    const headers = { Authorization: "Bearer of-a-token" };
    assert.equal(checkEndpoint(openai, { headers }).apiKey, undefined);
    refused({ headers: { "x-title": "t" } }, "credentials", /OpenAI needs an API key/, openai);
  });

  it("has the settings of its provider, checked", () => {
    const settings = { splitThinking: "true", deployment: "another's" };
    assert.deepEqual(checkEndpoint(custom, { baseUrl: "https://a/v1", settings }).settings, {
      splitThinking: true,
    });
    refused(
      { baseUrl: "https://a/v1", settings: { splitThinking: "perhaps" } },
      "configuration",
      /splitThinking/,
    );
  });

  it("keeps its query and loses its fragment", () => {
    assert.equal(
      checkEndpoint(custom, { baseUrl: "https://a/v1?api-version=2#top" }).baseUrl,
      "https://a/v1?api-version=2",
    );
  });

  it("may be given with the path of the question, as documents show it", () => {
    for (const path of ["/v1/chat/completions", "/v1/chat/completions/"])
      assert.equal(checkEndpoint(custom, { baseUrl: `https://a${path}?v=2` }).baseUrl, "https://a/v1?v=2");
  });

  it("must be known, and be an http or https address without a password", () => {
    refused({}, "configuration", /base URL .* not set/);
    refused({ baseUrl: "api.openai.com" }, "configuration", /not an http/);
    refused({ baseUrl: "ftp://a/v1" }, "configuration", /not an http/);
    refused({ baseUrl: "javascript:alert(1)" }, "configuration", /not an http/);
    refused({ baseUrl: "https://me:sk-secret@a/v1" }, "configuration", /user name or password/);
    refused({ baseUrl: variable("BASE_URL") }, "configuration", /BASE_URL, which is not set/);
    refused({ baseUrl: `https://${variable("HOST")}/v1` }, "configuration", /HOST, which is not set/);
  });

  it("is reached with a key over https, or on this machine, or where the author allows it", () => {
    refused({ baseUrl: "http://models.lan/v1", apiKey: KEY }, "configuration", /unencrypted to models\.lan/);
    refused({ baseUrl: "http://models.lan/v1", headers: { "x-key": KEY } }, "configuration", /unencrypted/);
    refused({ baseUrl: "http://localhost.evil.com/v1", apiKey: KEY }, "configuration", /unencrypted/);
    refused({ baseUrl: "http://127.0.0.1.evil.com/v1", apiKey: KEY }, "configuration", /unencrypted/);
    for (const host of ["localhost", "127.0.0.1:1234", "127.8.9.1", "[::1]:80", "LOCALHOST"]) {
      checkEndpoint(custom, { baseUrl: `http://${host}/v1`, apiKey: KEY });
    }
    checkEndpoint(custom, { baseUrl: "http://models.lan/v1" });
    const titled = {
      baseUrl: "http://models.lan/v1",
      headers: { "X-Title": "t" },
      plainHeaders: ["X-Title"],
    };
    checkEndpoint(custom, titled);
    refused({ ...titled, apiKey: KEY }, "configuration", /unencrypted/);
    assert.equal(checkEndpoint(openai, { apiKey: KEY }).apiKey, KEY);
    checkEndpoint(custom, { baseUrl: "http://models.lan/v1", apiKey: KEY }, true);
  });

  const named = (name: string) => ({
    baseUrl: "http://models.lan/v1",
    headers: { [name]: KEY },
    plainHeaders: [name],
  });

  it("is reached over https with a plain header too that is named like a secret", () => {
    const common = ["Authorization", "api-key", "X-Api-Key", "Cookie", "x-goog-token"];
    const rarer = ["X-Credential", "X-Credentials", "X-Cred", "X-Pass", "X-Passphrase", "X-Pwd", "X-JWT"];
    for (const name of [...common, ...rarer, "X-Session", "X-Session-Id", "X-Signature", "X-Sign"]) {
      refused(named(name), "configuration", /unencrypted/);
      assert.deepEqual(listSecretHeaderValues(named(name)), [KEY], name);
    }
    for (const name of ["X-Design", "X-Assigned-To", "X-Bypass-Cache", "X-Passage", "X-Sacred", "X-Signal"])
      assert.deepEqual(listSecretHeaderValues(checkEndpoint(custom, named(name))), [], name);
  });
});

describe("A key", () => {
  it("must be there where nothing works without one, and the error says where to get it from", () => {
    refused({}, "credentials", /OpenAI needs an API key.*\$\{OPENAI_API_KEY\}/, openai);
    refused({ apiKey: "" }, "credentials", /needs an API key/, openai);
    assert.equal(checkEndpoint(custom, { baseUrl: "https://a/v1" }).apiKey, undefined);
  });

  it("must not be the name of an environment variable that is not set", () => {
    refused({ apiKey: variable("MY_KEY") }, "credentials", /MY_KEY, which is not set/, openai);
    refused({ apiKey: " $(MY_KEY) " }, "credentials", /MY_KEY, which is not set/, openai);
  });

  it("may hold what looks like a variable, as a part of it", () => {
    const apiKey = `sk-a${variable("b")}c`;
    assert.equal(checkEndpoint(openai, { apiKey }).apiKey, apiKey);
  });

  it("must be able to stand in a header", () => {
    for (const apiKey of [`${KEY}\n`, `${KEY}\r\nx: y`, `${KEY}é`, `\u0000${KEY}`]) {
      refused({ apiKey }, "credentials", /line break or a character/, openai);
    }
  });
});

describe("Further headers", () => {
  const withHeader = (name: string, value: unknown) => ({
    baseUrl: "https://a/v1",
    headers: { [name]: value } as Record<string, string>,
  });

  it("must be headers", () => {
    refused(withHeader("x y", "v"), "configuration", /name is not valid/);
    refused(withHeader("", "v"), "configuration", /name is not valid/);
    refused(withHeader("x-a", `${KEY}\n`), "configuration", /x-a has a value that cannot be sent/);
    refused(withHeader("x-a", 7), "configuration", /x-a/);
    refused(withHeader("x-a", variable("SECRET")), "credentials", /SECRET, which is not set/);
    refused(withHeader("x-a", `Bearer ${variable("A_B")}`), "credentials", /A_B, which is not set/);
    assert.deepEqual(checkEndpoint(custom, withHeader("X-A", "v")).headers, { "X-A": "v" });
  });
});
