/** Says that too much came in a time, or that waiting helps. */
const THROTTLING =
  /\bper[ _-]?(minute|min|second|sec|hour|day|month)\b|\/ ?(min|minute|sec|second|hour|day)\b|\b[rti]p[msdh]\b|throttl|\bslow(ing)? down\b|\bwait (a|an|some|for|until|at|and|before|\d)|\b(please|then) wait\b|\btry (your request )?again (in|later|after|shortly|soon|at)|\bbefore (you )?(try|trying|retry|retrying|sending|making|asking)|\bretry (your request )?(in|after|later|shortly)|\btoo many (requests|calls)|\brate[ _-]?limit|\bquotas?\b|\bcool(ing)? ?down\b/i;

/** Says the same so plainly that even a refusal of a request means it. */
const PLAIN_THROTTLING =
  /\btoo many (requests|calls)\b|\bthrottl(ed|ing) ?(exception|error)?\b|\brate[ -]?limit (was |is |has been )?(exceeded|reached|hit)|\b(exceeded|reached|hit) (a |the |your |our )?([\w-]+ )?rate[ -]?limit|\bslow down\b|\b(tokens|requests|calls)(\/| per )(min|minute|sec|second|hour|day)\b/i;

/** Whether a message says that too much came in a time, or that waiting helps. */
export function tellsThrottling(message: string): boolean {
  return THROTTLING.test(message);
}

/** Whether a message says plainly that too much came in a time. */
export function tellsPlainThrottling(message: string): boolean {
  if (PLAIN_THROTTLING.test(message)) return true;
  return /\btoo many (\w+ )?tokens\b/i.test(message) && tellsThrottling(message);
}

/** Says that one request is too much by itself. */
const TOO_LARGE =
  /\brequest (body )?(is |was )?(too (large|big|long)|larger than|bigger than)|\b(single|one) (request|call|prompt) (exceeds|is larger|is bigger|needs|requires)|\b(request|call|prompt|message) (alone|by itself)\b/i;

/** A number, with separators between thousands or without. */
const NUMBER = /(?<![\w.-])\d+(?:[,._' ]\d{3}(?!\d))*/;

const NEEDED = /\b(requested|requests?|requires?|needs?|needed|asked for|asks for|size|length)\b/gi;

const ALLOWED = /\b(limit|limits|maximum|max|quota|allowed|allowance|at most|up to|only)\b/gi;

/** Words between which the number belongs to the second. */
const OTHER_NUMBER = /\b(?:requested|request|needs?|requires?|used|limits?|max|maximum|quota|remaining)\b/i;

/** How far a number may be from the word that names it. */
const MAX_DISTANCE_CHARS = 30;

/** Whether a message says that one request is larger than what is allowed in a time, so that no waiting helps. */
export function tellsTooLargeAlone(message: string): boolean {
  if (TOO_LARGE.test(message)) return true;
  const needed = readNumberAfter(message, NEEDED);
  const allowed = readNumberAfter(message, ALLOWED);
  return (
    needed !== undefined &&
    allowed !== undefined &&
    needed > allowed &&
    /\btokens?\b|\btp[mdh]\b/i.test(message)
  );
}

/** Reads the number behind the first of these words that has one. */
function readNumberAfter(message: string, words: RegExp): number | undefined {
  for (const { index, 0: word } of message.matchAll(words)) {
    const start = index + word.length;
    const match = NUMBER.exec(message.slice(start, start + MAX_DISTANCE_CHARS));
    if (match && !OTHER_NUMBER.test(match.input.slice(0, match.index)))
      return Number(match[0].replace(/\D/g, ""));
  }
  return undefined;
}
