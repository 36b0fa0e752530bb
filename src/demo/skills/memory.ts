import { earlierQuestions, type Question, quoted, type Skill } from "../conversation.js";
import { enumerated } from "../wording.js";

/**
 * What the user said about himself, found again in the conversation. The model keeps nothing: a flow
 * that does not send its history gets an honest "you have not told me", and its author sees why.
 */

// Case counts here: a further name is capitalised, and "Ada and I" is no name.
const NAME =
  /\b(?:[Mm]y [Nn]ame(?:['’]s| is)|[Cc]all me|[Ii](?: am|['’]m) called|[Ii] go by)\s+(\p{L}[\p{L}\p{M}'’-]{0,40}(?:\s\p{Lu}[\p{L}\p{M}'’-]{1,40}){0,2})/u;
const PLAIN_NAME =
  /(?:^|[.!,]\s+)(?:[Ii] am|[Ii]['’]m)\s+(\p{Lu}[\p{L}\p{M}'’-]{1,40})(?=\s*(?:[.!,]|$|and\b))/u;
const FACT = /\bmy ((?:favou?rite )?[a-z]+(?: [a-z]+)?) (?:is|are) ([^.!?,;\n]{1,80})/gi;
const HOME = /\bi (?:live in|come from|am from)\s+([^.!?,;\n]{1,60})/i;
const LIKING = /\bi (?:really )?(?:like|love|enjoy)\s+([^.!?,;\n]{1,60})/i;

/** Facts by the word that asks for them, the latest winning. */
function factsIn(texts: readonly string[]): Map<string, string> {
  const facts = new Map<string, string>();
  for (const text of texts) {
    // A question states nothing: "do you know what my name is?" must not make the name "?".
    const stated = text
      .split(/(?<=[.!?\n])\s+/)
      .filter((sentence) => !sentence.trim().endsWith("?"))
      .join(" ");
    for (const [, key, value] of stated.matchAll(FACT)) {
      facts.set(normalised(key!), endOfClause(value!));
    }
    const name = NAME.exec(stated)?.[1] ?? PLAIN_NAME.exec(stated)?.[1];
    if (name) facts.set("name", name);
    const home = HOME.exec(stated)?.[1];
    if (home) facts.set("home", endOfClause(home));
    const liking = LIKING.exec(stated)?.[1];
    if (liking) facts.set("liking", endOfClause(liking));
  }
  return facts;
}

function normalised(key: string): string {
  return key.toLowerCase().replace("favorite", "favourite").trim();
}

/** "green and I live in Paris" states two things; the first ends before the "and". */
function endOfClause(value: string): string {
  return value.split(/\s+(?:and|but) (?:i|my|the|we)\b/i)[0]!.trim();
}

function sentenceFor(key: string, value: string): string {
  if (key === "name") return `Your name is ${value}.`;
  if (key === "home") return `You live in ${value}.`;
  if (key === "liking") return `You like ${value}.`;
  return `Your ${key} ${key.endsWith("s") ? "are" : "is"} ${value}.`;
}

export const recall: Skill = {
  thought: "They ask about something said earlier. I look through the conversation for it.",
  answer(question) {
    return recallConversation(question) ?? recallFact(question);
  },
};

function recallConversation(question: Question): string | undefined {
  const { lower } = question;
  const earlier = earlierQuestions(question);
  if (
    /\bhow many (?:questions|messages|turns|times|things)\b.*\b(?:i|we|conversation|chat|so far)\b/.test(
      lower,
    )
  ) {
    const count = earlier.length + 1;
    return `You have sent me ${count} message${count === 1 ? "" : "s"} so far, counting this one.`;
  }
  if (
    /\b(?:summari[sz]e|recap) (?:our|this|the) (?:conversation|chat)\b|\bwhat have we (?:talked|spoken) about\b/.test(
      lower,
    )
  ) {
    if (earlier.length === 0)
      return "We have only just begun: this is your first message in the conversation.";
    return `So far you have said ${enumerated(earlier.slice(-6).map((text) => quoted(text, 60)))}, and I answered each time.`;
  }
  const first = /\b(?:first|in the beginning)\b/.test(lower);
  const asked =
    /\bwhat (?:did|have|had) i (?:just )?(?:ask|say|tell|sa(?:id|y)|asked|told|write)\b/.test(lower) ||
    /\bwhat was my (?:first|last|previous|earlier) (?:question|message)\b/.test(lower);
  if (!asked) return undefined;
  const found = first ? earlier[0] : earlier.at(-1);
  if (found === undefined)
    return "This is your first message in the conversation, so there is nothing before it.";
  return first ? `Your first message was ${quoted(found)}.` : `Before this you said ${quoted(found)}.`;
}

function recallFact(question: Question): string | undefined {
  const { lower } = question;
  const facts = factsIn(earlierQuestions(question).concat(question.text));
  if (/\bwhat do you (?:know|remember) about me\b/.test(lower)) {
    if (facts.size === 0) return "Nothing yet: you have told me nothing about yourself in this conversation.";
    return [...facts].map(([key, value]) => sentenceFor(key, value)).join(" ");
  }
  const asked = /\bwho am i\b/.test(lower)
    ? "name"
    : /\bwhere (?:do i live|am i from)\b/.test(lower)
      ? "home"
      : /\bwhat do i (?:like|love|enjoy)\b/.test(lower)
        ? "liking"
        : (/\b(?:what|who|where)(?:'s| is| are| was| were) my ([a-z ]{2,40}?)(?: again)?\s*(?:\?|$)/.exec(
            lower,
          )?.[1] ??
          /\b(?:remember|know|tell me|say) (?:what )?my ([a-z ]{2,40}?)(?: is| are)?\s*(?:\?|$)/.exec(
            lower,
          )?.[1]);
  if (!asked) return undefined;
  const key = normalised(asked);
  const value = facts.get(key);
  if (value !== undefined) return sentenceFor(key, value);
  const what = key === "home" ? "where you live" : key === "liking" ? "what you like" : `your ${key}`;
  return `You have not told me ${what} in this conversation. I see only the messages that a request sends me, so if you did tell me, the flow has not kept the conversation.`;
}

export const noted: Skill = {
  thought: "They tell me something about themselves. I acknowledge it, so that they know it was heard.",
  answer({ text }) {
    if (text.endsWith("?")) return undefined;
    const facts = factsIn([text]);
    const name = facts.get("name");
    if (name !== undefined) {
      return `Nice to meet you, ${name}! I will know your name for as long as this conversation is sent to me.`;
    }
    const [fact] = facts;
    return fact ? `Good to know. ${sentenceFor(...fact)} You can ask me about it later on.` : undefined;
  },
};
