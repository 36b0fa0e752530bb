import assert from "node:assert/strict";
import { createAskFlow, TAB } from "../../support/flows/nodes.js";
import { guardEachTest } from "../../support/runtime/guards.js";
import { TestRuntime } from "../../support/runtime/node-red-runtime.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";

const STORES: Readonly<Record<string, object>> = {
  memory: { module: "memory" },
  localfilesystem: { module: "localfilesystem", config: { flushInterval: 1 } },
  "localfilesystem without cache": { module: "localfilesystem", config: { cache: false } },
};

/** Values that stand for cleared conversations. */
const EMPTY = [undefined, {}, null, "", 0, false, []];

/** Values of the author's own, and what the error calls them. */
const OCCUPIED: readonly (readonly [value: unknown, kind: string])[] = [
  ["text", "a string"],
  [7, "a number"],
  [true, "a boolean"],
  [[1, 2], "an array"],
];

const answer: Script = (reply, { body }) => {
  const messages = body["messages"] as { content: string }[];
  reply.say(`re: ${messages.at(-1)!.content}`);
};

for (const [store, settings] of Object.entries(STORES)) {
  describe(`The context variable of conversations in ${store}`, () => {
    const service = useService();
    let runtime: TestRuntime;
    before(async () => {
      runtime = await TestRuntime.start({ settings: { contextStorage: { default: settings } } });
    });
    beforeEach(() => {
      service().script = answer;
    });
    afterEach(async () => {
      // The tab stays. Node-RED cleans a default store twice at the same time. If a file store has to remove a tab, one of
      // the two may fail, and then Node-RED starts no flow again (seen in 1 of 1,000 deploys).
      await runtime.deploy([TAB]);
      runtime.clearRecords();
    });
    after(() => runtime.stop());
    if (store === "memory") guardEachTest();

    const ask = async (payload: string) => {
      const { length } = runtime.getMessages("out").filter(({ complete }) => complete === true);
      runtime.inject("ask", { payload, topic: "ada" });
      return (await runtime.waitForEnds("out", length + 1))[length]!;
    };
    const getContents = (at: number) =>
      (service().requests[at]!.body["messages"] as { content: string }[]).map(({ content }) => content);

    for (const place of ["flow", "global"] as const) {
      const occupy = (value: unknown) =>
        new Promise<void>((resolve, reject) => {
          const context = runtime.getNode("ask").context()[place];
          context.set("conversations", value, (error) => (error ? reject(error) : resolve()));
        });

      for (const value of EMPTY) {
        it(`counts as cleared if it is ${JSON.stringify(value)}, and takes the next conversation (${place})`, async () => {
          await runtime.deploy(createAskFlow(service().url, { conversation: place }));
          await ask("one");
          await occupy(structuredClone(value));
          const two = await ask("two");
          assert.deepEqual(getContents(1), ["two"]);
          assert.equal((two.conversation as unknown[]).length, 2);
          await ask("three");
          assert.deepEqual(getContents(2), ["two", "re: two", "three"]);
          assert.deepEqual(runtime.getMessages("errors"), []);
        });
      }

      for (const [value, kind] of OCCUPIED) {
        it(`is the author's own if it is ${JSON.stringify(value)}, so that the stream fails and says so (${place})`, async () => {
          await runtime.deploy(createAskFlow(service().url, { conversation: place }));
          await occupy(value);
          const { error } = await ask("two");
          const { code, message } = error as { code: string; message: string };
          assert.equal(code, "configuration");
          assert.equal(
            message,
            `The ${place} context variable “conversations” holds ${kind}, so no conversation can be kept in it. Give your own variable another name, or delete it.`,
          );
          assert.equal(service().requests.length, 0, "nothing is asked in vain");
        });
      }
    }
  });
}
