import assert from "node:assert/strict";
import { Failure, type FailureCode } from "../../src/core/failure.js";
import { checkEndpoint } from "../../src/providers/check-endpoint.js";
import { getProvider } from "../../src/providers/index.js";
import type { Endpoint } from "../../src/providers/shared/endpoint.js";
import { listSecretHeaderValues } from "../../src/providers/shared/endpoint.js";

/** A reference to an environment variable that is not set, as Node-RED leaves it. */
const formatReference = (name: string) => `\${${name}}`;

const KEY = "sk-secret-1234";
const openai = getProvider("openai");
const custom = getProvider("custom");

function assertRefused(
  endpoint: Partial<Endpoint>,
  code: FailureCode,
  pattern: RegExp,
  provider = custom,
): void {
  assert.throws(
    () => checkEndpoint(provider, endpoint),
    (thrown) => {
      assert.ok(thrown instanceof Failure);
      assert.equal(thrown.code, code);
      assert.match(thrown.message, pattern);
      assert.doesNotMatch(JSON.stringify(thrown) + thrown.stack, /sk-secret/);
      return true;
    },
    JSON.stringify(endpoint),
  );
}

describe("Endpoint check: base URL and settings", () => {
  it("uses the provider's default base URL if the author sets none", () => {
    assert.equal(checkEndpoint(openai, { apiKey: KEY }).baseUrl, "https://api.openai.com/v1");
    assert.equal(checkEndpoint(openai, { apiKey: KEY, baseUrl: "" }).baseUrl, "https://api.openai.com/v1");
    assert.equal(
      checkEndpoint(openai, { apiKey: KEY, baseUrl: "https://eu.x/v1" }).baseUrl,
      "https://eu.x/v1",
    );
  });

  it("needs no key if the author sets an Authorization header", () => {
    const headers = { Authorization: "Bearer of-a-token" };
    assert.equal(checkEndpoint(openai, { headers }).apiKey, undefined);
    assertRefused({ headers: { "x-title": "t" } }, "credentials", /OpenAI needs an API key/, openai);
  });

  it("checks the settings of the provider, and ignores those of others", () => {
    const settings = { splitThinking: "true", deployment: "another's" };
    assert.deepEqual(checkEndpoint(custom, { baseUrl: "https://a/v1", settings }).settings, {
      splitThinking: true,
    });
    assertRefused(
      { baseUrl: "https://a/v1", settings: { splitThinking: "perhaps" } },
      "configuration",
      /splitThinking/,
    );
  });

  it("keeps the query of the base URL and drops its fragment", () => {
    assert.equal(
      checkEndpoint(custom, { baseUrl: "https://a/v1?api-version=2#top" }).baseUrl,
      "https://a/v1?api-version=2",
    );
  });

  it("accepts a base URL that ends in /chat/completions, as documentation shows it", () => {
    for (const path of ["/v1/chat/completions", "/v1/chat/completions/"])
      assert.equal(checkEndpoint(custom, { baseUrl: `https://a${path}?v=2` }).baseUrl, "https://a/v1?v=2");
  });

  it("refuses a base URL that is missing, not http or https, or has a password or an unset variable", () => {
    assertRefused({}, "configuration", /base URL .* not set/);
    assertRefused({ baseUrl: "api.openai.com" }, "configuration", /not an http/);
    assertRefused({ baseUrl: "ftp://a/v1" }, "configuration", /not an http/);
    assertRefused({ baseUrl: "javascript:alert(1)" }, "configuration", /not an http/);
    assertRefused({ baseUrl: "https://me:sk-secret@a/v1" }, "configuration", /user name or password/);
    assertRefused({ baseUrl: formatReference("BASE_URL") }, "configuration", /BASE_URL, which is not set/);
    assertRefused(
      { baseUrl: `https://${formatReference("HOST")}/v1` },
      "configuration",
      /HOST, which is not set/,
    );
  });

  it("sends a secret only over https, to this machine, or if the author allows plain HTTP", () => {
    assertRefused(
      { baseUrl: "http://models.lan/v1", apiKey: KEY },
      "configuration",
      /unencrypted to models\.lan/,
    );
    assertRefused(
      { baseUrl: "http://models.lan/v1", headers: { "x-key": KEY } },
      "configuration",
      /unencrypted/,
    );
    assertRefused({ baseUrl: "http://localhost.evil.com/v1", apiKey: KEY }, "configuration", /unencrypted/);
    assertRefused({ baseUrl: "http://127.0.0.1.evil.com/v1", apiKey: KEY }, "configuration", /unencrypted/);
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
    assertRefused({ ...titled, apiKey: KEY }, "configuration", /unencrypted/);
    assert.equal(checkEndpoint(openai, { apiKey: KEY }).apiKey, KEY);
    checkEndpoint(custom, { baseUrl: "http://models.lan/v1", apiKey: KEY }, true);
  });

  const withPlainHeader = (name: string) => ({
    baseUrl: "http://models.lan/v1",
    headers: { [name]: KEY },
    plainHeaders: [name],
  });

  it("treats a plain header as secret if its name suggests a secret", () => {
    const common = ["Authorization", "api-key", "X-Api-Key", "Cookie", "x-goog-token"];
    const rarer = ["X-Credential", "X-Credentials", "X-Cred", "X-Pass", "X-Passphrase", "X-Pwd", "X-JWT"];
    for (const name of [...common, ...rarer, "X-Session", "X-Session-Id", "X-Signature", "X-Sign"]) {
      assertRefused(withPlainHeader(name), "configuration", /unencrypted/);
      assert.deepEqual(listSecretHeaderValues(withPlainHeader(name)), [KEY], name);
    }
    for (const name of ["X-Design", "X-Assigned-To", "X-Bypass-Cache", "X-Passage", "X-Sacred", "X-Signal"])
      assert.deepEqual(listSecretHeaderValues(checkEndpoint(custom, withPlainHeader(name))), [], name);
  });
});

describe("Endpoint check: API key", () => {
  it("refuses a missing key if the provider needs one, and names the environment variable for it", () => {
    assertRefused({}, "credentials", /OpenAI needs an API key.*OPENAI_API_KEY/, openai);
    assertRefused({ apiKey: "" }, "credentials", /needs an API key/, openai);
    assert.equal(checkEndpoint(custom, { baseUrl: "https://a/v1" }).apiKey, undefined);
  });

  it("refuses a key that refers to an environment variable that is not set", () => {
    assertRefused({ apiKey: formatReference("MY_KEY") }, "credentials", /MY_KEY, which is not set/, openai);
    assertRefused({ apiKey: " $(MY_KEY) " }, "credentials", /MY_KEY, which is not set/, openai);
  });

  it("accepts a key with a variable reference as a part of it", () => {
    const apiKey = `sk-a${formatReference("b")}c`;
    assert.equal(checkEndpoint(openai, { apiKey }).apiKey, apiKey);
  });

  it("refuses a key with characters that a header cannot carry", () => {
    for (const apiKey of [`${KEY}\n`, `${KEY}\r\nx: y`, `${KEY}é`, `\u0000${KEY}`]) {
      assertRefused({ apiKey }, "credentials", /line break or a character/, openai);
    }
  });
});

describe("Endpoint check: extra headers", () => {
  const withHeader = (name: string, value: unknown) => ({
    baseUrl: "https://a/v1",
    headers: { [name]: value } as Record<string, string>,
  });

  it("refuses an extra header whose name or value cannot be sent, or whose variable is not set", () => {
    assertRefused(withHeader("x y", "v"), "configuration", /name is not valid/);
    assertRefused(withHeader("", "v"), "configuration", /name is not valid/);
    assertRefused(withHeader("x-a", `${KEY}\n`), "configuration", /x-a has a value that cannot be sent/);
    assertRefused(withHeader("x-a", 7), "configuration", /x-a/);
    assertRefused(withHeader("x-a", formatReference("SECRET")), "credentials", /SECRET, which is not set/);
    assertRefused(
      withHeader("x-a", `Bearer ${formatReference("A_B")}`),
      "credentials",
      /A_B, which is not set/,
    );
    assert.deepEqual(checkEndpoint(custom, withHeader("X-A", "v")).headers, { "X-A": "v" });
  });
});
