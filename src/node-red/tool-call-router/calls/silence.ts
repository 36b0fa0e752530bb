import { readShownName } from "../../../core/tools/name.js";
import type { RoundCall, ToolRound } from "../../../core/tools/round.js";

/** The calls of a turn. */
interface TurnCalls {
  round: ToolRound;
  /** Calls that nobody has approved, by their ids. */
  asked: ReadonlyMap<string, unknown>;
  /** Ids of the calls that an MCP server has. */
  atServer: ReadonlySet<string>;
}

/** Lists the names of tools that gave no answer, each once. */
export function listSilent(calls: readonly RoundCall[]): string[] {
  return [...new Set(calls.map(({ call }) => readShownName(call)))];
}

/** Tells the author who gave no answer in time, and what to do about it. */
export function describeSilence({ round, asked, atServer }: TurnCalls, seconds: number): string[] {
  const list = (isMeant: (id: string) => boolean) =>
    listSilent(round.openCalls.filter(({ id }) => isMeant(id))).join(", ");
  const unapproved = list((id) => asked.has(id));
  const remote = list((id) => atServer.has(id));
  const drawn = list((id) => !asked.has(id) && !atServer.has(id));
  const texts: string[] = [];
  if (drawn !== "")
    texts.push(
      `No answer came within ${seconds} s from: ${drawn}. Wire the tool's flow back into this node, and leave msg.toolCall on the message.`,
    );
  if (unapproved !== "")
    texts.push(
      `Nobody has approved within ${seconds} s: ${unapproved}. Allow more time, or send the message back into this node sooner.`,
    );
  if (remote !== "")
    texts.push(
      `The MCP server gave no answer within ${seconds} s to: ${remote}. The call was cancelled there.`,
    );
  return texts;
}
