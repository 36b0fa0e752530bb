import assert from "node:assert/strict";
import fc from "fast-check";
import { cleanHeaders, cleanReads } from "../../../src/transport/cassette/clean-recording.js";
import { toRecordedRequest } from "../../../src/transport/cassette/recorded-request.js";
import { toBytes } from "../../../src/transport/cassette/recording.js";

const KEY = "sk-canary-4711-0815-abcdef";
const FORMS = [KEY, encodeURIComponent(KEY), Buffer.from(KEY).toString("base64"), KEY.toUpperCase()];

/** Cuts bytes at places, which may be equal or unordered. */
function cutInto(bytes: Buffer, places: readonly number[]) {
  const cuts = [
    0,
    ...places.map((place) => Math.floor(place * bytes.length)).sort((a, b) => a - b),
    bytes.length,
  ];
  return cuts.slice(1).map((cut, at) => ({ ms: at * 10, bytes: bytes.subarray(cuts[at]!, cut) }));
}

const join = (reads: ReturnType<typeof cleanReads>) => Buffer.concat(reads.map(toBytes));

describe("Reads of a recording", () => {
  const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

  it("are the same bytes in the same pieces if no secret is in them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), cuts, (content, places) => {
        const reads = cutInto(Buffer.from(content), places);
        const clean = cleanReads(reads, [KEY]);
        assert.deepEqual(
          clean.map((read) => [read[0], toBytes(read).toString("hex")]),
          reads.map(({ ms, bytes }) => [ms, bytes.toString("hex")]),
        );
      }),
    );
  });

  it("hold no secret, whatever its form and wherever the reads are cut, and the rest as it was", () => {
    const parts = fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(...FORMS)), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(parts, cuts, (texts, places) => {
        const text = texts.join("\n");
        const clean = cleanReads(cutInto(Buffer.from(text), places), [KEY]);
        const bytes = join(clean).toString();
        for (const form of FORMS) assert.ok(!bytes.toLowerCase().includes(form.toLowerCase()));
        const expected = texts.map((part) => (FORMS.includes(part) ? "***" : part)).join("\n");
        if (!expected.includes("\ufffd")) assert.equal(bytes, expected);
        // Times do not go back.
        assert.deepEqual(
          clean.map(([ms]) => ms),
          clean.map(([ms]) => ms).sort((one, other) => one - other),
        );
      }),
    );
  });

  it("are cut where they were, apart from the secret", () => {
    const text = `data: one\n\ndata: ${KEY} two\n\ndata: three\n\n`;
    const places = [text.indexOf("data: sk"), text.indexOf("data: three")];
    const reads = cutInto(
      Buffer.from(text),
      places.map((place) => place / text.length),
    );
    assert.deepEqual(
      cleanReads(reads, [KEY]).map(([, bytes]) => bytes),
      ["data: one\n\n", "data: *** two\n\n", "data: three\n\n"],
    );
  });

  it("hold no beginning of a secret that a service has cut off", () => {
    const [read] = cleanReads(cutInto(Buffer.from(`Key ${KEY.slice(0, 15)}… is wrong`), []), [KEY]);
    assert.equal(read![1], "Key ***… is wrong");
  });
});

describe("Request of a recording", () => {
  it("has no host, no secret and only the known parts of a query", () => {
    const asked = toRecordedRequest(
      "POST",
      `/v1/${KEY}/models/m:streamGenerateContent?alt=sse&key=${KEY}&sig=abc&api-version=1`,
      JSON.stringify({ messages: [{ content: `My key is ${KEY}` }] }),
      [KEY],
    );
    assert.deepEqual(asked, {
      method: "POST",
      path: "/v1/***/models/m:streamGenerateContent?alt=sse&api-version=1",
      body: { messages: [{ content: "My key is ***" }] },
    });
  });
});

describe("Headers of a recording", () => {
  it("are those that are known, without secrets", () => {
    const headers = {
      "content-type": "text/event-stream",
      "set-cookie": ["session=1"],
      authorization: "Bearer x",
      server: "nginx",
      "x-request-id": `r-${KEY}`,
      "retry-after-ms": "5",
      "anthropic-ratelimit-requests-reset": "soon",
    };
    assert.deepEqual(cleanHeaders(headers, [KEY]), {
      "content-type": "text/event-stream",
      "x-request-id": "r-***",
      "retry-after-ms": "5",
      "anthropic-ratelimit-requests-reset": "soon",
    });
  });
});
