import { tellsThrottling } from "./throttle-words.js";

/** Names of a model's limit, which hardly any other error mentions. */
const MODEL_LIMIT =
  /\bcontext[ -]?(length|window|size|limit)|maximum (context|prompt length)|\b(input|prompt) is too long/i;

/** Further words for that limit, unless the message is about a rate. */
const LENGTH_LIMIT =
  /\btoken limit|too many tokens|\bn_ctx\b|max_?(model|seq|sequence)_?len|\bcontext[ _-]?(overflow|exceeded)|\b(max|maximum|range of) (input|prompt|sequence|conversation) (length|tokens|size|characters)|\b(prompt|input|conversation|context|messages|chat history|question)s? ((is|are|was|were|has become|got) )?((much|far|way) )?too (long|large|big)\b|\b(message|prompt|conversation|text) you (have )?(submitted|sent|entered|provided) (is|was) too long\b|\btokens?[ _-]limit[ _-](reached|exceeded)/i;

/** What of a request can be too long. */
const SUBJECT =
  /\b((input|prompt|total|context)_tokens|tokens?|prompts?|inputs?|messages?|total length|conversation|sequence|history|context|request|text|query|body)\b/gi;

/** Says that something is beyond its limit. */
const EXCESS =
  /\b(exceed(s|ed|ing)?|too (long|large|many|big)|(longer|more|larger|greater|bigger) than|over (the|its|your|our|limit)|beyond|above|surpass(es|ed)?|out of range|limit (was )?reached|overflow(s|ed|ing)?|(do|does|did|can|will) ?(not|no longer) fit|doesn['’]t fit|no longer fits?|tokens long|only supports? up to)\b|> ?(limit |max |maximum |the limit )?\d|\b(only|at most|no more than) ((takes?|supports?|allows?|accepts?|handles?|up to|has|have) )?\d|\b(must|should|has to|have to|can|may) (not )?(be|have|contain) (a )?(length )?(<=?|≤|less|fewer|at most|no more|below|under|shorter|smaller|within|up to)/i;

/** Says that something is beyond its limit, before it names what. */
const EXCESS_FIRST =
  /\b(too many|exceed(s|ed|ing)?|(longer|more|larger|greater|bigger) than|over|beyond|above|reached|r[ua]n out of)\b/gi;

const MEASURE = /\b((input|prompt|total|context)_tokens|tokens?|length|context|characters|window)\b/i;

/** Advice that helps against a request that is too long. */
const SHORTEN =
  /\b(reduc(e|ing)|shorten(ing)?|decreas(e|ing)|truncat(e|ing)|trim(ming)?|compact(ing)?|shorter|smaller|fewer)\b/gi;

const SHORTENED = /\b(prompts?|inputs?|messages?|conversation|context|history|text|tokens?)\b/i;

/** Words that show that a sentence is about something other than the length of the request. */
const OTHER_SUBJECT =
  /\b(images?|pictures?|files?|audio|video|documents?|pdfs?|tools?|functions?|stop|metadata|ids?|names?|keys?|urls?|credits?|budget|concurrent|parallel|price|cost)\b/i;

/** How far apart the words may be. */
const MAX_DISTANCE_CHARS = 90;

/** Whether a message says that the request is too long for the model, in any words. */
export function tellsTooLong(message: string): boolean {
  if (MODEL_LIMIT.test(message)) return true;
  if (tellsThrottling(message)) return false;
  if (LENGTH_LIMIT.test(message)) return true;
  if (!MEASURE.test(message)) return false;
  return (
    tellsInOrder(message, SUBJECT, EXCESS) ||
    tellsInOrder(message, EXCESS_FIRST, MEASURE, MAX_SUBJECT_CHARS) ||
    tellsInOrder(message, SHORTEN, SHORTENED)
  );
}

/** How far before the first words their subject may stand. */
const MAX_SUBJECT_CHARS = 30;

/**
 * Whether words follow other words, with nothing between them that is about another subject.
 * @param before how many characters before the first words may not be about another subject either
 */
function tellsInOrder(message: string, first: RegExp, then: RegExp, before = 0): boolean {
  for (const { index, 0: words } of message.matchAll(first)) {
    if (before > 0 && OTHER_SUBJECT.test(message.slice(Math.max(0, index - before), index))) continue;
    const start = index + words.length;
    const rest = message.slice(start, start + MAX_DISTANCE_CHARS);
    const match = then.exec(rest);
    if (match && !OTHER_SUBJECT.test(rest.slice(0, match.index + match[0].length))) return true;
  }
  return false;
}
