import type { FailureCode } from "../failure.js";
import { tellsTooLong } from "./length-words.js";
import { followedBy, type MessagePattern } from "./phrase.js";
import { tellsPlainThrottling } from "./throttle-words.js";

/** A rule for error messages. A loose one matches single words that also stand in quoted requests and in advice. */
type SentenceRule = readonly [pattern: MessagePattern, code: FailureCode, loose?: "loose"];

/** How far apart the words of a rule may be. Messages are excerpts, so this is nearly all of a message. */
const MAX_DISTANCE_CHARS = 300;

/**
 * Failure codes by the error's message, for services that put everything into it. The first match counts: rare ones
 * come first.
 */
const CODES_BY_SENTENCE: readonly SentenceRule[] = [
  [{ test: tellsTooLong }, "context_length"],
  [
    /exceeded your current quota|credit balance|spend(ing)? limit|specified api usage limits|(out of|any|enough|more|available) credits?\b|credits? (exhausted|remaining)/i,
    "insufficient_credits",
  ],
  [followedBy(/insufficient /gi, 60, /^[\w ]*\b(balance|credits?|funds|quota)\b/i), "insufficient_credits"],
  [/content (policy|filter|management)|content exists risk|\bmoderation\b/i, "content_filter"],
  [followedBy(/violates? /gi, MAX_DISTANCE_CHARS, /polic|usage guidelines/i), "content_filter"],
  [{ test: tellsPlainThrottling }, "rate_limit"],
  [/rate.?limit|\b429\b|no resources?\b|\bthrottl/i, "rate_limit", "loose"],
  [
    /\bquota (limit )?(was |has been )?(exceeded|exhausted)|\bbalance (is )?(too low|insufficient|not enough)|\benable billing|\boverdue balance/i,
    "insufficient_credits",
  ],
  [
    followedBy(/\bexceed(ed|s|ing)? /gi, 80, /^((your|the|its|our) [\w -]*|[\w-]+ )?\bquota\b/i),
    "insufficient_credits",
  ],
  [/\b(quota|billing|balance)\b/i, "insufficient_credits", "loose"],
  [
    /overloaded|(at|over) (full |maximum )?capacity|(temporarily|currently|service) (is )?(unavailable|not available)|\b503\b|\b529\b|(server|service|model|engine|system) (is )?(too |very |currently )?busy|currently loading/i,
    "overloaded",
  ],
  [
    /\bunauthori[sz]ed\b|authentication ?(error|fail|required)|\b401\b|\bunregistered callers\b|\btoken (is |has |was )?(expired|incorrect|revoked)/i,
    "authentication",
  ],
  [
    /\b(invalid|incorrect|wrong|missing|unknown|expired|bad|no|(pass|provide|enter|use) a valid) (x-)?(api[ _-]?key|access token|auth token|bearer token|credentials?)\b/i,
    "authentication",
  ],
  [
    followedBy(
      /\b(api[ _-]?key|access token|auth token|bearer token|credentials)\b/gi,
      60,
      /^[^.;,]{0,40}\b(not (found|valid|recogni[sz]ed|active|provided|set)|invalid|expired|missing|revoked|disabled|deactivated|required|incorrect|wrong|malformed|leaked|compromised|blocked|suspended|deleted|does not exist)\b/i,
    ),
    "authentication",
  ],
  [/invalid key|authenticat/i, "authentication", "loose"],
  [/\b403\b|forbidden|permission|does not have access/i, "permission"],
  [
    /unknown model|no such model|not (yet )?implemented|^not found\.?$|\b404\b|\bcannot (get|post|put) \//i,
    "not_found",
  ],
  [
    /\b(unexpected|unknown|invalid|no such|unrecogni[sz]ed|unsupported|undefined|wrong) (request |api |http )?(endpoint|url|uri|path|route|method)\b|\bno (matching )?(route|endpoint|handler|resource)s?\b/i,
    "not_found",
  ],
  [
    followedBy(
      /\b(endpoint|route|path|url|page|resource|method)\b/gi,
      60,
      /^[^.;,]{0,40}\b(not (be )?(found|exist|available|supported|registered|allowed|defined)|unknown|does(n['’]t| not) exist)\b/i,
    ),
    "not_found",
  ],
  [followedBy(/model /gi, MAX_DISTANCE_CHARS, /not found|does not exist/i), "not_found"],
  [/timed? ?out|timeout|\b504\b/i, "timeout"],
];

/** Google reports an empty account with the same code as a rate limit; only the message differs. */
const EMPTY_ACCOUNT: readonly MessagePattern[] = [
  /\bcredits are depleted/i,
  followedBy(/\b(exceeded|reached) /gi, 42, /\bspend(ing)? cap\b/i),
];

/** Whether a message says that the account is empty, whatever the code beside it. */
export function tellsEmptyAccount(message: string): boolean {
  return EMPTY_ACCOUNT.some((pattern) => pattern.test(message));
}

/** A run of characters that may be a web address. */
const ADDRESS_CHARACTERS = /[^\s"'<>)]+/g;

/** Whether a run of characters is a web address: it has a scheme, or a host name before its first slash. */
function isWebAddress(run: string): boolean {
  const slash = run.indexOf("/");
  return slash > 0 && (/https?:\/\//i.test(run) || /\w\.\w/.test(run.slice(0, slash)));
}

/** A quoted name from the request, such as `'billing_address'`, except the names of what can be too long as a whole. */
const QUOTED_NAME = /(['"`])(?!(?:prompts?|inputs?|messages|contents|context|conversation)\1)[^\s'"`]+\1/g;

/**
 * Finds a failure code by an error's message.
 * @param quotesRequest whether the message may quote the request
 */
export function findCodeBySentence(message: string, quotesRequest: boolean): FailureCode | undefined {
  // Many errors link to a page about quotas and billing, whatever is wrong.
  const withoutAddresses = message.replace(ADDRESS_CHARACTERS, (run) => (isWebAddress(run) ? " " : run));
  // The words on both sides must not run together.
  const text = quotesRequest ? withoutAddresses.replace(QUOTED_NAME, " ") : withoutAddresses;
  return CODES_BY_SENTENCE.find(([pattern, , loose]) => !(quotesRequest && loose) && pattern.test(text))?.[1];
}
