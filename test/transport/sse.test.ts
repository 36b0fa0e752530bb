import assert from "node:assert/strict";
import fc from "fast-check";
import { SseReader } from "../../src/transport/sse.js";
import { isFailure } from "../support/asking.js";

interface Heard {
  data: string;
  event?: string;
  last?: true;
}

/** Feeds texts and then the end. */
function read(texts: readonly string[], longest = 1_000): Heard[] {
  const heard: Heard[] = [];
  const reader = new SseReader(
    {
      onRecord: (data, event, last) =>
        heard.push({ data, ...(event === undefined ? {} : { event }), ...(last ? { last } : {}) }),
    },
    longest,
  );
  for (const text of texts) reader.feed(text);
  reader.end();
  return heard;
}

const last = true as const;

/** The rows of the Web Platform Tests for the format of event streams (eventsource/format-*) that concern data. */
const ROWS: Record<string, [text: string, heard: Heard[]]> = {
  "format-bom": ["\ufeffdata:1\n\n\ufeffdata:2\n\ndata:3\n\n", [{ data: "1" }, { data: "3" }]],
  "format-bom-2": ["\ufeff\ufeffdata:1\n\ndata:2\n\ndata:3\n\n", [{ data: "2" }, { data: "3" }]],
  "format-comments": [
    `data:1\n:\0\n:\ndata:2\n:${"x".repeat(200)}\ndata:3\n:data:fail\n:${"x".repeat(200)}\ndata:4\n\n`,
    [{ data: "1\n2\n3\n4" }],
  ],
  "format-data-before-final-empty-line": [
    "retry:1000\ndata:test1\n\nid:test\ndata:test2",
    [{ data: "test1" }, { data: "test2", last }],
  ],
  "format-field-data": [
    "data:\n\ndata\ndata\n\ndata:test\n\n",
    [{ data: "" }, { data: "\n" }, { data: "test" }],
  ],
  "format-field-event": ["event:test\ndata:x\n\ndata:x\n\n", [{ data: "x", event: "test" }, { data: "x" }]],
  "format-field-event-empty": ["event: \ndata:data\n\n", [{ data: "data" }]],
  "format-field-id": ["id:1\ndata:1\n\ndata:2\n\n", [{ data: "1" }, { data: "2" }]],
  "format-field-id-null": ["id:1\0\ndata:1\n\n", [{ data: "1" }]],
  "format-field-parsing": [
    "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
    [{ data: "\0\n 2\n1\n3\n\n4" }],
  ],
  "format-field-retry": ["retry:3000\ndata:x\n\n", [{ data: "x" }]],
  "format-field-retry-bogus": ["retry:3000\nretry:1000x\ndata:x\n\n", [{ data: "x" }]],
  "format-field-unknown": [
    "data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacomment\n\n",
    [{ data: "test\n" }],
  ],
  "format-leading-space": ["data:\ttest\rdata: \ndata:test\n\n", [{ data: "\ttest\n\ntest" }]],
  "format-newlines": ["data:test\r\ndata\ndata:test\r\n\r", [{ data: "test\n\ntest" }]],
  "format-null-character": ["data:\0\n\n\n\n", [{ data: "\0" }]],
  "format-utf-8": ["data:ok…\n\n", [{ data: "ok…" }]],
};

describe("Server-sent events", () => {
  for (const [name, [text, heard]] of Object.entries(ROWS)) {
    it(`P08: are read as the row ${name} says, cut anywhere`, () => {
      const expected = heard.map(({ last: _last, ...rest }) => rest);
      const bare = (list: Heard[]) => list.map(({ last: _last, ...rest }) => rest);
      assert.deepEqual(bare(read([text])), expected);
      for (let at = 0; at <= text.length; at++) {
        assert.deepEqual(bare(read([text.slice(0, at), text.slice(at)])), expected, `cut at ${at}`);
      }
      assert.deepEqual(bare(read([...text])), expected, "cut everywhere");
    });
  }

  it("P08: are the same however they are cut", () => {
    const piece = fc.constantFrom(
      "data:",
      " ",
      "x",
      "\n",
      "\r",
      "\r\n",
      ":",
      "event:",
      "id:",
      "\u{1f600}",
      "\0",
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        fc.array(fc.nat(60), { maxLength: 6 }),
        (parts, cuts) => {
          const text = parts.join("");
          const places = [...new Set(cuts.filter((cut) => cut < text.length))].sort(
            (one, other) => one - other,
          );
          const pieces = [0, ...places].map((from, at) => text.slice(from, places[at] ?? text.length));
          const bare = (list: Heard[]) => list.map(({ last: _last, ...rest }) => rest);
          assert.deepEqual(bare(read(pieces)), bare(read([text])));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("P09: what lacks its blank line is told as the last", () => {
    for (const end of ["", "\n", "\r", "\r\n"]) {
      assert.deepEqual(read([`data: 1\n\ndata: 2${end}`]), [{ data: "1" }, { data: "2", last }]);
    }
    assert.deepEqual(read(["data: 1\n\n"]), [{ data: "1" }]);
  });

  it("an error that comes as a field of its own is told as one", () => {
    assert.deepEqual(read(['error: {"message":"x"}\n\ndata: 1\n\n']), [
      { data: '{"message":"x"}', event: "error" },
      { data: "1" },
    ]);
  });

  it("text without any field is told at the end, where nothing else came", () => {
    assert.deepEqual(read(['{"error":\n"x"}\n']), [{ data: '{"error":\n"x"}\n', last }]);
    assert.deepEqual(read(["some text\ndata: 1\n\n"]), [{ data: "1" }]);
    const [stray] = read(
      Array.from({ length: 100 }, () => `${"x".repeat(500)}\n`),
      100_000,
    );
    assert.ok(stray!.data.length < 10_000, "but not all of it is kept");
  });

  for (const [what, text] of Object.entries({
    "a line": `data: ${"x".repeat(50)}`,
    "an event of many lines": "data: xxxxxxxx\n",
    "an event of empty lines": "data:\n",
    "a comment": ": xxxxxx",
    "many comments": ": xxxxxx\n\n",
    "a field that nobody knows": "x".repeat(30),
  })) {
    it(`S02: ${what} beyond the limit ends the stream`, () => {
      const feed = () =>
        read(
          Array.from({ length: 400 }, () => text),
          1_000,
        );
      assert.throws(feed, isFailure("limit"));
    });
  }

  it("events are not counted together", () => {
    assert.equal(read(Array.from({ length: 400 }, () => "data: xxxxxxxx\n\n")).length, 400);
  });
});
