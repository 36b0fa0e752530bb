import assert from "node:assert/strict";
import { Failure } from "../../src/core/failure.js";
import { getProvider } from "../../src/providers/index.js";
import type { Provider, ProviderSetting } from "../../src/providers/provider.js";
import { checkSettings } from "../../src/providers/settings.js";

const variable = (name: string) => `\${${name}}`;

const SETTINGS: ProviderSetting[] = [
  { name: "team", kind: "text", required: true },
  { name: "most", kind: "number", value: 3 },
  { name: "way", kind: "choice", choices: ["", "a", "b"] },
  { name: "loud", kind: "tick" },
];
const provider: Provider = { ...getProvider("custom"), label: "Teamwork", settings: SETTINGS };

function refused(settings: unknown, says: RegExp): void {
  assert.throws(
    () => checkSettings(provider, settings),
    (thrown) => thrown instanceof Failure && thrown.code === "configuration" && says.test(thrown.message),
    JSON.stringify(settings),
  );
}

describe("The settings of a provider", () => {
  it("come as what they are, with the defaults of those that are not set", () => {
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

  it("that another provider has are ignored, and so is what is no object", () => {
    assert.deepEqual(checkSettings(provider, { team: "t", toString: "x", constructor: 1, other: true }), {
      team: "t",
      most: 3,
    });
    assert.deepEqual(checkSettings(getProvider("demo"), "nonsense"), {});
  });

  it("are refused by name where one is missing or of another kind", () => {
    for (const settings of [undefined, null, "t", {}, { team: " " }, Object.create({ team: "t" })]) {
      refused(settings, /Teamwork needs the setting team/);
    }
    refused({ team: 5 }, /team of Teamwork is to be a text/);
    refused({ team: "t", most: "many" }, /most of Teamwork is to be a number/);
    refused({ team: "t", most: [1] }, /most .* a number/);
    refused({ team: "t", way: "c" }, /way .* one of a, b/);
    refused({ team: "t", loud: "yes" }, /loud .* true or false/);
  });

  it("are refused where they name an environment variable that is not set", () => {
    refused(
      { team: variable("TEAM") },
      /team of Teamwork names the environment variable TEAM, which is not set/,
    );
    refused({ team: "t", most: variable("MOST") }, /most .* MOST/);
  });
});
