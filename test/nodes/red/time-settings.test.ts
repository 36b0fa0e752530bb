import assert from "node:assert/strict";
import { MAX_TIMER_MS } from "../../../src/core/clock.js";
import { Failure } from "../../../src/core/failure.js";
import { readBudgetSettings } from "../../../src/node-red/budget/config.js";
import { findSpan } from "../../../src/node-red/budget/span.js";
import { readKeep, readMaxCalls } from "../../../src/node-red/chat-endpoint/config.js";
import { readTimeout } from "../../../src/node-red/chat-in/config.js";
import { readProviderConfig } from "../../../src/node-red/chat-provider/config.js";
import { readServerConfig } from "../../../src/node-red/mcp-server/config.js";
import { readSettings } from "../../../src/node-red/tool-call-router/settings.js";

const NODE = { id: "n", type: "t" };
const fill = (text: string) => text;

const readProvider = (setting: string, value: unknown) =>
  readProviderConfig({ ...NODE, provider: "demo", [setting]: value }, {}, { fill });

/** Each time that a setting gives, in milliseconds, by the name of the setting. */
const TIMES: Readonly<Record<string, (value: unknown) => number>> = {
  connectTimeout: (value) => readProvider("connectTimeout", value).timeouts.connect,
  headersTimeout: (value) => readProvider("headersTimeout", value).timeouts.headers,
  firstChunkTimeout: (value) => readProvider("firstChunkTimeout", value).timeouts.firstChunk,
  idleTimeout: (value) => readProvider("idleTimeout", value).timeouts.idle,
  progressTimeout: (value) => readProvider("progressTimeout", value).timeouts.progress,
  totalTimeout: (value) => readProvider("totalTimeout", value).timeouts.total,
  silence: (value) => readProvider("silence", value).silenceMs,
  "connectTimeout of an mcp-server": (value) =>
    readServerConfig({ ...NODE, url: "http://a", connectTimeout: value as number }, {}, fill).connectTimeout,
  "timeout of a chat-in": (value) => readTimeout({ ...NODE, timeout: value as number }),
  "keep of a chat-endpoint": (value) => readKeep({ ...NODE, keep: value as number }),
  "toolTimeout of a tool-call-router": (value) =>
    readSettings({ ...NODE, toolTimeout: value as number }).settings.toolTimeout,
  "keepFor of a tool-call-router": (value) =>
    readSettings({ ...NODE, keepRuns: "file", keepFor: value as number }).settings.maxWait,
};

describe("A setting that is a time", () => {
  for (const [name, read] of Object.entries(TIMES)) {
    it(`counts as what a timer can wait if it is longer: ${name}`, () => {
      for (const value of [1e9, "1e9", 1e300, "1e306", Number.MAX_VALUE]) {
        const milliseconds = read(value);
        assert.ok(milliseconds >= 86_400_000 && milliseconds <= MAX_TIMER_MS, `${value}: ${milliseconds}`);
      }
    });

    it(`is never no time at all, nor a part of a millisecond: ${name}`, () => {
      for (const value of [1e-9, 0.0015, "1.0005", 4.35]) {
        const milliseconds = read(value);
        assert.ok(Number.isInteger(milliseconds) && milliseconds >= 1, `${value}: ${milliseconds}`);
      }
    });

    it(`is refused, or gives the default, if it is no number above 0: ${name}`, () => {
      const defaultTime = read(undefined);
      for (const value of [Number.POSITIVE_INFINITY, "Infinity", "1e999", -1, "-1", Number.NaN, "abc"]) {
        try {
          assert.equal(read(value), defaultTime, String(value));
        } catch (thrown) {
          assert.ok(thrown instanceof Failure && thrown.code === "configuration", String(thrown));
        }
      }
    });
  }
});

describe("A number setting of a budget", () => {
  it("gives a window whose end is a date, however long or short it is", () => {
    for (const window of [1e300, "1e306", 1e12, 1e-300, "0.5"]) {
      const settings = readBudgetSettings({ ...NODE, limit: 1, window });
      for (const now of [0, Date.now()]) {
        const { start, end } = findSpan(settings.window, now);
        assert.ok(start <= now && end > now, `${window}: ${start} to ${end}`);
        assert.doesNotThrow(() => new Date(end).toISOString(), String(window));
      }
    }
  });

  it("refuses a window that is no number of seconds", () => {
    for (const window of [Number.POSITIVE_INFINITY, "Infinity", -1, Number.NaN, "abc"])
      assert.throws(
        () => readBudgetSettings({ ...NODE, limit: 1, window }),
        { code: "configuration" },
        String(window),
      );
  });

  it("keeps a limit finite, however large it is", () => {
    assert.ok(Number.isFinite(readBudgetSettings({ ...NODE, limit: 1e305 }).limit));
  });
});

describe("The parallel answers of a worker", () => {
  it("are at least one", () => {
    for (const maxCalls of [0.5, 1, 1.5]) assert.equal(readMaxCalls({ ...NODE, maxCalls }), 1);
    for (const maxCalls of [0, -1, "abc", Number.NaN]) assert.equal(readMaxCalls({ ...NODE, maxCalls }), 8);
  });
});
