/** Which scenarios the benchmark measures, of which clients, and how often. */

import { FORMS } from "./forms.mjs";

const NODES = ["node-red-trivial", "node-red-chat-stream"];
const SDKS = ["openai", "openai-completion", "ai-sdk"];
const BURST = ["undici-drain", "plain-loop", "core", "core-iterated", ...SDKS, ...NODES];
const PACED = ["undici-drain", "plain-loop", "core", ...NODES, "openai"];
const HEAP = ["undici-drain", "plain-loop", "core", "node-red-chat-stream"];
const GROWTH = ["plain-loop", "core", ...NODES];
const CHAIN = ["node-red-chat-stream", "node-red-hop", "node-red-retry", "node-red-delta-buffer"];
const CALLS = ["plain-loop", "core", ...SDKS, "langchain"];

/**
 * Creates the plans of a run. In each turn of a plan, its clients measure each part (a scenario with its options) one
 * after another.
 *
 * - `generations`: how many sets of processes, each with `turns` turns (default 1)
 * - `warmups`: turns before them in each generation that are not counted (default 0). The plain loop needs about
 *   100,000 chunks to get warm.
 * - `every`: parts and clients that take part only in every nth turn. They are far from every target, or slow, and the
 *   time is better spent on close results.
 * - `alone`: each measurement has a process of its own
 * - `without`, in a part: clients that do not measure it
 *
 * Plans of the same name share a table.
 */
export function createPlans(isQuick) {
  const burst = {
    name: "burst",
    clients: BURST,
    parts: [
      createBurstPart("frame"),
      createBurstPart("16k"),
      // What other records cost is a question to this package alone.
      { ...createBurstPart("padded"), without: SDKS },
      { ...createBurstPart("varied"), without: SDKS },
      { name: "first", scenario: "first", options: { answers: 25 } },
    ],
  };
  // Each form has processes of its own, as a flow has one service.
  const forms = Object.keys(FORMS).map((form) => ({
    name: "forms",
    clients: ["plain-loop", "core"],
    parts: [createFormPart(form, "frame"), createFormPart(form, "16k")],
  }));
  const paced = { name: "paced", clients: PACED };
  const heap = {
    name: "heap",
    clients: HEAP,
    parts: [{ scenario: "heap", options: { streams: 1000 } }],
    generations: 1,
    alone: true,
  };
  const growth = {
    name: "flat",
    clients: GROWTH,
    parts: [{ scenario: "flat", options: { short: 10_000, long: 200_000 } }],
  };
  const chain = { name: "chain", clients: CHAIN, parts: [createBurstPart("frame")] };
  const saved = {
    name: "saved",
    clients: ["node-red-delta-buffer"],
    parts: [{ scenario: "saved", options: { chunks: 300, perSecond: 100 } }],
    generations: 1,
  };
  const calls = {
    name: "arguments",
    clients: CALLS,
    parts: [{ scenario: "toolArguments", options: { short: 25_000, long: 100_000, longest: 400_000 } }],
  };
  const watched = {
    name: "watched",
    clients: ["node-red-watched"],
    parts: [{ scenario: "watched", options: { streams: 500, settleMs: 700, windowMs: 2000, windows: 4 } }],
  };
  const waiting = {
    name: "waiting",
    clients: ["node-red-waiting"],
    parts: [{ scenario: "waiting", options: { streams: 9_500 } }],
    generations: 1,
    warmups: 3,
  };
  if (isQuick) {
    return [
      {
        ...burst,
        clients: BURST.filter((client) => client !== "core-iterated" && client !== "openai-completion"),
        generations: 1,
        warmups: 2,
        turns: 2,
        every: { padded: 2, varied: 2, "ai-sdk": 2 },
      },
      ...forms.map((form) => ({ ...form, generations: 1, warmups: 3, turns: 3 })),
      { ...paced, parts: [createPacedPart(1000)], generations: 1 },
      heap,
      { ...growth, clients: ["core", "node-red-chat-stream"], generations: 1, warmups: 1 },
      { ...chain, generations: 1, warmups: 2, turns: 3 },
      { ...saved, turns: 1 },
      { ...watched, generations: 1 },
      { ...waiting, turns: 3 },
      { ...calls, generations: 1, warmups: 1, turns: 1 },
    ];
  }
  const seldom = { padded: 4, varied: 4, first: 2, "undici-drain": 3, "core-iterated": 3, openai: 3 };
  return [
    {
      ...burst,
      generations: 4,
      warmups: 3,
      turns: 12,
      every: { ...seldom, "openai-completion": 12, "ai-sdk": 12 },
    },
    ...forms.map((form) => ({ ...form, generations: 3, warmups: 6, turns: 15 })),
    {
      ...paced,
      parts: [createPacedPart(1500)],
      generations: 2,
      warmups: 1,
      turns: 4,
      every: { "undici-drain": 4, openai: 4 },
    },
    // When it is saturated, one turn takes half a minute, and it may fall so far behind that it never reports.
    {
      ...paced,
      clients: ["ai-sdk"],
      parts: [createPacedPart(1500, { saturationMs: 45_000 })],
      generations: 1,
    },
    heap,
    { ...growth, generations: 2, warmups: 1, turns: 3 },
    { ...chain, generations: 4, warmups: 3, turns: 12 },
    { ...saved, turns: 5 },
    { ...watched, generations: 2, turns: 3 },
    { ...waiting, turns: 9 },
    { ...calls, generations: 2, warmups: 3, turns: 4, every: { "ai-sdk": 4, langchain: 4 } },
  ];
}

/** @param kind a framing or a kind of records that the server knows; see server.mjs */
function createBurstPart(kind) {
  return { name: kind, scenario: "burst", options: { count: 20_000, kind } };
}

function createFormPart(form, framing) {
  return { name: `${form} ${framing}`, scenario: "form", options: { form, count: 20_000, framing } };
}

function createPacedPart(windowMs, options = {}) {
  return { scenario: "paced", options: { streams: 500, settleMs: 700, windowMs, ...options } };
}
