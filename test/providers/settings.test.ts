import assert from "node:assert/strict";
import { getProvider } from "../../src/providers/index.js";
import type { Provider, ProviderSetting } from "../../src/providers/provider.js";
import { checkSettings } from "../../src/providers/settings.js";
import { assertFailure } from "../support/assert-failure.js";

const formatReference = (name: string) => `\${${name}}`;

const SETTINGS: ProviderSetting[] = [
  { name: "team", kind: "text", required: true },
  { name: "most", kind: "number", value: 3 },
  { name: "way", kind: "choice", choices: ["", "a", "b"] },
  { name: "loud", kind: "tick" },
];
const provider: Provider = { ...getProvider("custom"), label: "Teamwork", settings: SETTINGS };

function assertRefused(settings: unknown, pattern: RegExp): void {
  assertFailure(() => checkSettings(provider, settings), "configuration", pattern, JSON.stringify(settings));
}

describe("Provider settings", () => {
  it("converts settings to their type and fills in defaults", () => {
    assert.deepEqual(checkSettings(provider, { team: " t ", way: "a", loud: false }), {
      team: "t",
      most: 3,
      way: "a",
      loud: false,
    });
    assert.deepEqual(checkSettings(provider, { team: "t", most: "7", loud: "true" }), {
      team: "t",
      most: 7,
      loud: true,
    });
    assert.deepEqual(checkSettings(provider, { team: "t", most: 0, way: "", loud: null }), {
      team: "t",
      most: 0,
    });
  });

  it("ignores settings of other providers and a value that is not an object", () => {
    assert.deepEqual(checkSettings(provider, { team: "t", toString: "x", constructor: 1, other: true }), {
      team: "t",
      most: 3,
    });
    assert.deepEqual(checkSettings(getProvider("demo"), "nonsense"), {});
  });

  it("fails with configuration that names a missing or invalid setting", () => {
    for (const settings of [undefined, null, "t", {}, { team: " " }, Object.create({ team: "t" })]) {
      assertRefused(settings, /Teamwork needs the setting team/);
    }
    assertRefused({ team: 5 }, /team of Teamwork must be a text/);
    assertRefused({ team: "t", most: "many" }, /most of Teamwork must be a number/);
    assertRefused({ team: "t", most: [1] }, /most .* a number/);
    assertRefused({ team: "t", way: "c" }, /way .* one of a, b/);
    assertRefused({ team: "t", loud: "yes" }, /loud .* true or false/);
  });

  it("refuses a setting that refers to an environment variable that is not set", () => {
    assertRefused(
      { team: formatReference("TEAM") },
      /team of Teamwork names the environment variable TEAM, which is not set/,
    );
    assertRefused({ team: "t", most: formatReference("MOST") }, /most .* MOST/);
  });
});
