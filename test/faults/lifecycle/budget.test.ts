import assert from "node:assert/strict";
import fc from "fast-check";
import type { Usage } from "../../../src/core/chat/chunk.js";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createChatStreamNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause } from "../../support/waiting.js";

/** What becomes of a request. */
const FATES = ["answer", "dear", "cut", "refuse", "silence", "cancel"] as const;
type Fate = (typeof FATES)[number];

/** The most tokens that an answer costs, and what each reserves at least. */
const DEAR = 100;
const LIMIT = 250;

interface Account {
  spent: number;
  reserved: number;
}

describe("Budget whose streams end in every way", () => {
  const service = useService();
  const runtime = useRuntime();
  let life = 0;

  const createFlow = (id: string, warnAt: number) => [
    TAB,
    createProviderNode(service().url, { idleTimeout: 0.1, firstChunkTimeout: 0.1, maxConcurrent: 20 }),
    {
      ...createFlowNode("budget", id, [], {
        limit: LIMIT,
        unit: "tokens",
        window: "day",
        reserve: DEAR,
        warnAt,
      }),
      wires: [["out"], ["ask"], [], ["refused"]],
    },
    createChatStreamNode({ wires: [[id]] }),
    createSinkNode("out"),
    createSinkNode("refused"),
    ...createWitnessNodes("ask", id),
  ];

  async function look(id: string): Promise<Account> {
    runtime().inject(id, { budget: "ask" });
    const isAccount = ({ complete, budget }: Message) => budget !== undefined && complete !== true;
    const messages = await runtime().waitUntil("out", (all) => all.some(isAccount));
    return messages.find(isAccount)!["budget"] as unknown as Account;
  }

  it("R27: settles streams that began before a deploy replaced it, and counts them", async () => {
    const id = `budget${life++}`;
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    service().script = async (reply) => {
      reply.send("a");
      await gate;
      reply.finish("stop", { prompt_tokens: 1, completion_tokens: 9, total_tokens: 10 });
    };
    const deploy = (warnAt: number, type: "full" | "nodes") => {
      const [tab, provider, ...rest] = createFlow(id, warnAt);
      return runtime().deploy([tab!, { ...provider!, idleTimeout: 10 }, ...rest], type);
    };
    await deploy(80, "full");
    runtime().inject(id, { payload: "Hi" });
    await service().waitForRequests(1);
    await runtime().waitUntil("out", (messages) => messages.length > 0);
    await deploy(81, "nodes");
    runtime().inject(id, { budget: "ask" });
    await runtime().waitUntil("out", (all) => all.some(({ budget }) => budget !== undefined));
    assert.ok((runtime().getMessages("out").at(-1)!["budget"] as unknown as Account).reserved >= DEAR);
    release();
    await runtime().waitForEnds("out");
    runtime().clearMessages();
    const { spent, reserved } = await look(id);
    assert.deepEqual({ spent, reserved }, { spent: 10, reserved: 0 });
  });

  it("R27: passes its limit by no more than the last request that was alone, and reserves nothing for ever", async function () {
    this.timeout(120_000);
    const plans = fc.array(fc.constantFrom(...FATES, "dear", "dear"), { minLength: 3, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(plans, async (fates) => {
        const id = `budget${life++}`;
        await runtime().deploy(createFlow(id, 80));
        runtime().clearMessages();
        service().script = async (reply, { body }) => {
          const messages = body["messages"] as { content: string }[];
          const fate = messages.at(-1)!.content as Fate;
          if (fate === "refuse") reply.sendJson(429, { error: { message: "Slow down" } });
          else if (fate === "silence") reply.send("a");
          else if (fate === "cut") {
            reply.send("a");
            await pause(5);
            reply.drop();
          } else if (fate !== "cancel") {
            const total = fate === "dear" ? DEAR : 10;
            await reply.sendApart("a", "b");
            reply.finish("stop", { prompt_tokens: 1, completion_tokens: total - 1, total_tokens: total });
          } else reply.send("a");
        };
        for (const [at, fate] of fates.entries()) {
          runtime().inject(id, { payload: fate, topic: String(at) });
          if (at % 3 === 2) await pause(3);
          if (fate === "cancel") runtime().inject("ask", { cancel: true });
        }
        const listEnds = () =>
          runtime()
            .getMessages("out")
            .filter(({ complete }) => complete === true);
        await runtime().arrivals.waitUntil(
          () => listEnds().length + runtime().getMessages("refused").length >= fates.length,
          `${fates.length} ends`,
        );
        const told = listEnds().reduce(
          (sum, { usage }) => sum + Number((usage as Usage | null)?.total_tokens ?? 0),
          0,
        );
        const account = await look(id);
        assert.equal(account.reserved, 0);
        assert.ok(account.spent >= told, `${account.spent} of ${told} are counted`);
        assert.ok(account.spent <= LIMIT + DEAR, `${account.spent} are spent`);
      }),
      { numRuns: 12 },
    );
  });
});
