import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FailureData } from "../../../src/core/failure.js";
import { createAskFlow } from "../../support/flows/nodes.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause } from "../../support/waiting.js";

const CANARY = "sk-canary-4711-0815-abcdef";
const HEADER_CANARY = "header-canary-31415926";
const URL_CANARY = "url-canary-27182818";
const SECRETS = [CANARY, HEADER_CANARY, URL_CANARY];
const CASSETTE = "cassettes/answers.json";

/** The secrets in every form in which they could be written. */
const FORMS = SECRETS.flatMap((secret) => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString("base64").replace(/=+$/, ""),
  Buffer.from(secret).toString("hex"),
]);

describe("Cassette of a provider", () => {
  const service = useService();
  const runtime = useRuntime();
  const path = (name = CASSETTE) => join(runtime().userDir, name);
  afterEach(() => rmSync(path("cassettes"), { recursive: true, force: true }));

  const deploy = (record: string, more: object = {}) =>
    runtime().deploy(
      createAskFlow(`${service().url}?key=${URL_CANARY}`, {}, { record, cassette: CASSETTE, ...more }),
      "full",
      { provider: { apiKey: CANARY, secretHeaders: `{"x-secret": "${HEADER_CANARY}"}` } },
    );

  async function ask(payload: string) {
    runtime().clearMessages();
    runtime().inject("ask", { payload });
    const [last] = await runtime().waitForEnds("out");
    return { finishReason: last!.finishReason, error: last!.error as FailureData };
  }

  for (const mode of ["record", "failures"]) {
    it(`K23: holds no key, header or key of the address, wherever a service repeats it (${mode})`, async () => {
      const quote = `You sent ${SECRETS.join(" and ")}, as ${FORMS.join(" and ")}.`;
      const headers = {
        "x-request-id": CANARY,
        "set-cookie": `k=${CANARY}`,
        "x-ratelimit-note": HEADER_CANARY,
      };
      service().queue.push(
        (reply) => reply.sendJson(401, { error: { message: quote } }, headers),
        (reply) => void reply.open(headers).send(quote).response.end(),
        async (reply) => {
          // The key straddles two reads.
          const record = `data: ${JSON.stringify({ error: { message: quote, code: CANARY } })}\n\n`;
          const cut = record.indexOf(CANARY) + 9;
          reply.open(headers).response.write(record.slice(0, cut));
          await pause(20);
          reply.response.end(record.slice(cut));
        },
        (reply) => reply.sendText(200, "text/html", `<p>${quote}</p>`),
        (reply) => void reply.open(headers).response.socket!.end(`not HTTP ${quote}`),
      );
      await deploy(mode);
      const count = service().queue.length;
      for (let at = 0; at < count; at++) await ask(`My key is ${CANARY}, question ${at}`);
      await runtime().deploy([]);
      const text = readFileSync(path(), "utf8");
      assert.equal(JSON.parse(text).recordings.length, count);
      assert.match(text, /My key is \*\*\*, question 4/);
      assert.match(text, /You sent \*\*\*/);
      for (const form of FORMS) assert.ok(!text.includes(form), `the cassette shows ${form}`);
      assert.ok(service().requests.every(({ headers: sent }) => sent["x-secret"] === HEADER_CANARY));
      assert.ok(service().requests.every(({ path: sent }) => sent.includes(URL_CANARY)));
      // The redacted request is found again, with the key and without one.
      await deploy("replay", { replayAtOnce: true });
      assert.equal((await ask(`My key is ${CANARY}, question 0`)).error.code, "authentication");
      assert.equal((await ask("My key is ***, question 0")).error.code, "authentication");
      assert.equal(service().requests.length, count);
    });
  }

  it("K24: is written for its owner alone", async () => {
    await deploy("record");
    await ask("Hi");
    await runtime().deploy([]);
    assert.equal(statSync(path()).mode & 0o777, 0o600);
  });

  it("K25: is neither written nor read outside of the user directory, by no name and no link", async () => {
    const outside = mkdtempSync(join(tmpdir(), "outside-"));
    try {
      mkdirSync(path("cassettes"), { recursive: true });
      symlinkSync(outside, path("cassettes/away"));
      symlinkSync(join(outside, "target.json"), path("cassettes/link.json"));
      for (const name of [
        "../escaped.json",
        "cassettes/../../escaped.json",
        join(outside, "absolute.json"),
        "cassettes/away/target.json",
        "cassettes/away/new/target.json",
        "cassettes/link.json",
        "nul\0.json",
      ]) {
        await deploy("record", { cassette: name });
        assert.equal((await ask("Hi")).finishReason, "stop", name);
        await deploy("replay", { cassette: name });
        const { code } = (await ask("Hi")).error;
        assert.equal(code, "configuration", name);
      }
      assert.ok(!existsSync(join(outside, "target.json")) && !existsSync(join(outside, "absolute.json")));
      assert.ok(!existsSync(join(runtime().userDir, "../escaped.json")));
      assert.ok(!existsSync(join(outside, "new")));
    } finally {
      rmSync(outside, { recursive: true, force: true });
    }
  });
});
