import assert from "node:assert/strict";
import { createServer } from "node:net";
import { inspect } from "node:util";
import { hideSecrets } from "../../src/client/hide-secrets.js";
import { chatStream, Failure, PROVIDERS } from "../../src/index.js";

const KEY = "sk-canary-0123456789";

/** @returns an address at which nobody listens any more */
async function findClosedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/v1`;
}

async function fail(baseUrl: string): Promise<Failure> {
  const options = { provider: "custom", baseUrl, apiKey: KEY, model: "m", messages: "Hi" };
  const thrown: unknown = await chatStream(options)
    .collect()
    .catch((error: unknown) => error);
  assert.ok(thrown instanceof Failure);
  return thrown;
}

describe("The cause of a failure", () => {
  it("is the error of the socket, which is in no message", async () => {
    const failure = await fail(await findClosedPort());
    assert.equal(failure.code, "connection");
    const { cause } = failure as { cause?: Error & { code?: string } };
    assert.match(inspect(cause), /ECONNREFUSED/);
    assert.ok(!Object.keys(failure).includes("cause"));
    assert.ok(!("cause" in failure.toJSON()));
    assert.doesNotMatch(inspect(failure, { depth: 9, showHidden: true }), /canary/);
  });

  it("holds no key, however deep it is", () => {
    const innermost = Object.assign(new Error(`bad header Bearer ${KEY}`), { code: "E1", request: { KEY } });
    const cause = new AggregateError([new Error("first"), innermost], `all failed for ${KEY}`);
    const provider = PROVIDERS.find(({ id }) => id === "custom")!;
    const failure = new Failure("connection", "It failed.", { cause: new Error("outer", { cause }) });
    const hidden = hideSecrets(failure, provider, { baseUrl: "http://127.0.0.1/v1", apiKey: KEY });
    const shown = inspect(hidden, { depth: 9, showHidden: true });
    assert.match(shown, /outer[\s\S]*all failed for[\s\S]*bad header/);
    assert.doesNotMatch(shown, /canary/);
  });

  it("ends if an error is its own cause", () => {
    const loop = new Error("loop");
    loop.cause = loop;
    const provider = PROVIDERS.find(({ id }) => id === "custom")!;
    const failure = new Failure("connection", "It failed.", { cause: loop });
    const hidden = hideSecrets(failure, provider, { baseUrl: "http://127.0.0.1/v1" });
    assert.ok(inspect(hidden, { depth: 20 }).match(/loop/g)!.length < 20);
  });

  it("is missing if nothing else went wrong underneath", async () => {
    assert.equal((await fail("not an address")).cause, undefined);
  });
});
