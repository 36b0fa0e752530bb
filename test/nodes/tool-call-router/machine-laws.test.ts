import assert from "node:assert/strict";
import fc from "fast-check";
import type { ChatMessage, Chunk, ToolCall } from "../../../src/core/chat/chunk.js";
import type { FailureData } from "../../../src/core/failure.js";
import type { Message } from "../../../src/node-red/red/api.js";
import type { TurnReport } from "../../../src/node-red/tool-call-router/record.js";
import type { RunEffect, RunEvent } from "../../../src/node-red/tool-call-router/run-events.js";
import { anyDamagedRun, anyRunHistory } from "../../support/worlds/run-history.js";
import { RunPlayer } from "../../support/worlds/run-player.js";

type Phase = RunPlayer["run"]["state"]["phase"];

/** Checks one step: what happened in which phase, and what the machine wanted. */
type CheckStep = (effects: readonly RunEffect[], event: RunEvent, phase: Phase) => void;

/** Plays any history. `watch` gets the player, and returns what checks each step and the end. */
function checkAny(
  watch: (player: RunPlayer) => { step?: CheckStep; end?: () => void },
  anyHistory = anyRunHistory,
): void {
  fc.assert(
    fc.property(anyHistory, (history) => {
      const player = new RunPlayer(history);
      const { step, end } = watch(player);
      player.play(step);
      end?.();
    }),
    { numRuns: 1000 },
  );
}

function select<T extends RunEffect["type"]>(
  effects: readonly RunEffect[],
  type: T,
): (RunEffect & { type: T })[] {
  return effects.filter((effect): effect is RunEffect & { type: T } => effect.type === type);
}

/** Whether an event brings the last message of the present turn. */
function isTurnEnd(event: RunEvent, phase: Phase): boolean {
  return event.type === "message" && phase === "streaming" && event.message["complete"] === true;
}

/** Empties a message, as a reader may do with what it got. */
function ruin(message: Message): void {
  for (const part of [message.parts, message.chunk, message])
    for (const key of Object.keys((part ?? {}) as object)) delete (part as Message)[key];
}

describe("Machine of a tool-call-router, whatever happens in whatever state", function () {
  this.timeout(120_000);

  for (const [title, anyHistory] of [
    ["", anyRunHistory],
    [", even if a flow has damaged messages", anyDamagedRun],
  ] as const) {
    it(`gives its reader one stream without gaps, with one end, after which it does nothing${title}`, () => {
      checkAny(({ run, reader }) => {
        let ends = 0;
        return {
          step: (effects) => {
            if (ends > 0) assert.deepEqual(effects, []);
            ends += select(effects, "end").length;
            assert.equal(ends, reader.hasEnded ? 1 : 0, "the end comes with the last message");
            if (ends > 0) assert.equal(effects.at(-1)?.type ?? "end", "end");
          },
          end: () => {
            assert.equal(ends, 1);
            assert.equal(run.state.phase, "ended");
          },
        };
      }, anyHistory);
    });
  }

  it("ends no run by a fault of its own, whatever a flow has made of messages", () => {
    checkAny(
      () => ({
        step: (effects) => {
          for (const { failure } of select(effects, "report"))
            if (!/as its payload, not text/.test(failure.message))
              assert.notEqual(failure.code, "bad_response", failure.message);
        },
      }),
      anyDamagedRun,
    );
  });

  it("is done with the last message of each turn at once", () => {
    checkAny(() => ({
      step: (effects, event, phase) => {
        const isOver = select(effects, "end").length > 0;
        const isDone = select(effects, "done").length + select(effects, "report").length > 0;
        assert.equal(isDone, isTurnEnd(event, phase) || isOver);
      },
    }));
  });

  it("asks for the next turn once every call has its answer, in the order of the calls", () => {
    checkAny((player) => {
      let before: ChatMessage[] = [];
      return {
        step: (effects, { type }, phase) => {
          const asks = select(effects, "ask");
          if (asks.length === 0) {
            before = player.conversation;
            return;
          }
          assert.equal(asks.length, 1);
          assert.ok(type === "answered" || type === "toolsTimedOut" || phase === "streaming");
          const messages = asks[0]!.message["messages"] as ChatMessage[];
          const [answer, ...results] = messages.slice(before.length);
          const calls = answer!["tool_calls"] as ToolCall[];
          assert.deepEqual(messages.slice(0, before.length), before);
          assert.equal(answer!.role, "assistant");
          assert.deepEqual(
            results.map(({ role, tool_call_id: id, content }) => [role, id, typeof content]),
            calls.map(({ id }) => ["tool", id, "string"]),
          );
          before = player.conversation;
        },
      };
    });
  });

  it("asks for at most as many turns as set, each with the next number", () => {
    checkAny(({ run, history }) => {
      let round = 1;
      return {
        step: (effects) => {
          for (const { tag } of select(effects, "ask")) {
            assert.deepEqual(tag, {
              kind: "run",
              node: "router",
              run: run.record.key,
              round: ++round,
              stream: run.record.stream,
            });
          }
          assert.ok(round <= Number(history.settings.maxRounds) + 1);
        },
      };
    });
  });

  it("makes a call only when a turn has ended with calls, with an id of its own and an object of arguments", () => {
    checkAny(() => {
      const ids = new Set<string>();
      return {
        step: (effects, event, phase) => {
          for (const { call, tool, arguments: args } of select(effects, "call")) {
            assert.ok(isTurnEnd(event, phase));
            assert.ok(!ids.has(call.id), call.id);
            ids.add(call.id);
            assert.equal(call.outcome, undefined);
            assert.equal(typeof args, "object");
            const { name } = call.call.function!;
            assert.ok(tool ? tool.name === name : name === "own_tool");
          }
        },
      };
    });
  });

  it("makes no call that the settings or the request forbid, and none to a tool without a wire", () => {
    checkAny(({ history, run }) => ({
      step: (effects) => {
        const { settings, parameters, missing } = history;
        const names = select(effects, "call").map(({ call }) => call.call.function!.name);
        if (settings.toolChoice === "none") assert.deepEqual(names, []);
        if (settings.toolChoice === "get_time" && run.record.round === 1)
          assert.ok(names.every((name) => name === "get_time"));
        if (typeof parameters["tool_choice"] === "object")
          assert.ok(names.every((name) => name === "get_weather"));
        if (settings.parallel === "no" || parameters["parallel_tool_calls"] === false)
          assert.ok(names.length <= 1);
        if (!settings.otherTools) assert.ok(!names.includes("own_tool"));
        for (const name of missing) assert.ok(!names.includes(name));
      },
    }));
  });

  it("asks and calls nothing once it is to end with the present turn", () => {
    checkAny(({ run }) => {
      let wasCancelled = false;
      return {
        step: (effects, _event, phase) => {
          // Calls that are under way may still be answered: the shell ends their run at once.
          if (wasCancelled && phase !== "calling")
            assert.deepEqual([...select(effects, "call"), ...select(effects, "ask")], []);
          wasCancelled = run.record.isCancelled;
        },
      };
    });
  });

  it("waits for tools once a round, and stops waiting before it asks or ends", () => {
    checkAny(({ history }) => {
      let isWaiting = false;
      return {
        step: (effects) => {
          for (const effect of effects) {
            if (effect.type === "awaitTools") {
              assert.equal(isWaiting, false);
              assert.equal(effect.milliseconds, Number(history.settings.toolTimeout) * 1000);
              isWaiting = true;
            }
            if (effect.type === "call") assert.ok(isWaiting);
            if (effect.type === "forgetTools") isWaiting = false;
            if (effect.type === "ask" || effect.type === "end") assert.equal(isWaiting, false);
          }
        },
      };
    });
  });

  it("says in the end what became of every call and of every character", () => {
    checkAny(({ reader, run }) => {
      const made = new Set<string>();
      return {
        step: (effects) => {
          for (const { call } of select(effects, "call")) made.add(call.id);
          const last = select(effects, "send").at(-1)?.message;
          if (last?.complete !== true) return;
          const rounds = last["rounds"] as TurnReport[];
          const reports = rounds.flatMap(({ calls }) => calls);
          const ids = reports.map(({ id }) => id);
          assert.equal(new Set(ids).size, ids.length);
          for (const id of made) assert.ok(ids.includes(id), id);
          const wasCalled = new Set(["answered", "failed", "timed_out", "cancelled"]);
          for (const { id, outcome } of reports) assert.equal(made.has(id), wasCalled.has(outcome), outcome);
          const finished = rounds.reduce((sum, { characters }) => sum + characters, 0);
          assert.equal(run.record.finishedTurnsText.length, finished);
          assert.ok(reader.text.startsWith(run.record.finishedTurnsText));
        },
      };
    });
  });

  it("says in an error exactly the text that the reader has", () => {
    checkAny(({ reader }) => ({
      step: (effects) => {
        for (const { message } of select(effects, "send")) {
          const { error, finishReason, complete } = message;
          if (complete) assert.equal(finishReason === "error", error !== undefined);
          if (error) assert.equal((error as FailureData).partial, reader.text);
        }
        for (const { failure, message } of select(effects, "report")) {
          assert.equal((message.error as FailureData).partial, failure.partial);
        }
      },
    }));
  });

  it("gives its reader the text of every turn at once, in order, and once", () => {
    checkAny((player) => ({
      step: () => assert.equal(player.reader.text, player.expectedText),
    }));
  });

  it("keeps the calls of the first choice and the ends of its turns from the reader", () => {
    checkAny(() => ({
      step: (effects) => {
        for (const { message } of select(effects, "send")) {
          const chunk = message.chunk as Chunk | undefined;
          const first = chunk?.choices.find(({ index }) => index === 0);
          if (message.complete !== true) assert.equal(first?.delta.tool_calls, undefined);
          if (message.complete !== true) assert.notEqual(first?.finish_reason, "tool_calls");
        }
      },
    }));
  });

  it("sends and asks nothing but plain data", () => {
    checkAny(() => ({
      step: (effects) => {
        for (const effect of effects) {
          if (effect.type !== "send" && effect.type !== "ask") continue;
          assert.deepEqual(JSON.parse(JSON.stringify(effect)), effect);
        }
      },
    }));
  });

  it("does the same again if the same happens, and whatever the reader does with its messages", () => {
    fc.assert(
      fc.property(anyRunHistory, (history) => {
        const { log } = new RunPlayer(history).play();
        assert.deepEqual(new RunPlayer(history).play().log, log);
        assert.deepEqual(new RunPlayer(history, ruin).play().log, log);
      }),
      { numRuns: 1000 },
    );
  });
});
