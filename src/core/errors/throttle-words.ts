/** Names a short time in which only so much may come, or a rate. */
const RATE =
  /\bper[ _-]?(minute|min|second|sec|hour)\b|\/ ?(min|minute|sec|second|hour)\b|\b[rtq]p[msh]\b|\bqps\b|\bhourly\b|\bthroughput\b|\b(token|rate|request) bucket\b|\bburst\b|\bshort (period|time)\b|\b(minute|second|hour) (token |request )?(quota|limit|budget|cap|allowance)\b|\b(this|last|past|next|each|every) (\d{1,4} )?(minute|second|hour|min|sec)s?\b|\b(current|this|rolling|sliding|rate) (time )?(window|period)\b(?! (of|size))|\b(token|request|call)s? rate\b/i;

/** Names a day in which only so much may come. */
const DAY = /\bper[ _-]?day\b|\/ ?day\b|\b[rt]pd\b|\bdaily\b/i;

/** Says that waiting helps. */
const WAIT =
  /\bper[ _-]?month\b|throttl|\bslow(ing)? down\b|\bwait (a|an|some|for|until|at|and|before|\d)|\b(please|then) wait\b|\btry (your request )?again (in|later|after|shortly|soon|at)|\bbefore (you )?(try|trying|retry|retrying|sending|making|asking)|\bretry (your request )?(in|after|later|shortly)|\btoo many (requests|calls)|\brate[ _-]?limit|\bquotas?\b|\bcool(ing)? ?down\b|\b(right|just) now\b|\bat the moment\b|\b(resets?|renews?|refills?) (in|at|after)\b/i;

/** Says that something is beyond its limit. */
const EXCESS =
  /\b(exceed(s|ed|ing)?|too many|reached|hit|used up|exhausted|depleted|consumed|empty|ceiling|over|above|beyond|violat(ed|ion))\b|\blimit\b/i;

/** What is limited in a time. */
const AMOUNT =
  /\b(tokens?|requests?|calls?|quotas?|limits?|budget|usage|allowance)\b|\b[rtq]p[msdh]\b|\bqps\b/i;

const COUNTED = /\b(tokens?|requests?|calls?)\b|\b[rt]pd\b/i;

/** Says so plainly that too much came in a time that even a refusal of a request means it. */
const PLAIN_THROTTLING =
  /\btoo many (requests|calls)\b|\bthrottl(ed|ing) ?(exception|error)?\b|\brate[ -]?limit (was |is |has been )?(exceeded|reached|hit)|\b(exceeded|reached|hit) (a |the |your |our )?([\w-]+ )?rate[ -]?limit|\bslow down\b|\b(tokens|requests|calls)(\/| per )(min|minute|sec|second|hour|day)\b/i;

/** Whether a message says that too much came in a time, or that waiting helps. */
export function tellsThrottling(message: string): boolean {
  return RATE.test(message) || DAY.test(message) || WAIT.test(message);
}

/** Whether a message says plainly that too much came in a time. */
export function tellsPlainThrottling(message: string): boolean {
  if (PLAIN_THROTTLING.test(message)) return true;
  if (/\btoo many (\w+ )?tokens\b/i.test(message) && tellsThrottling(message)) return true;
  if (!EXCESS.test(message)) return false;
  return (RATE.test(message) && AMOUNT.test(message)) || (DAY.test(message) && COUNTED.test(message));
}

/** Says that one request is too much by itself. */
const TOO_LARGE =
  /\brequest (body )?(is |was )?(too (large|big|long)|larger than|bigger than)|\b(single|one) (request|call|prompt) (exceeds|is larger|is bigger|needs|requires)|\b(request|call|prompt|message) (alone|by itself)\b/i;

/** Words before what is allowed, before what one request needs, and before another number; ends of clauses; and numbers. */
const NUMBERS_AND_NAMES =
  /(?<allowed>\b(?:limits?|maximum|max|quota|allowed|allowance|at most|up to|only|exceeds?|exceeding|(?:larger|more|greater|bigger) than)\b|>)|(?<needed>\b(?:requested|requests?|requires?|needs?|needed|asked for|asks for|size|length|got|received|sent|has|contains?)\b)|(?<other>\b(?:used|usage|remaining|current|try|retry|wait)\b)|(?<end>[;.](?=\s))|(?<number>(?<![\w.-])\d+(?:[,._' ]\d{3}(?!\d))*)/gi;

/** How far a number may be from the word that names it. */
const MAX_DISTANCE_CHARS = 40;

/** Whether a message says that one request is larger than what is allowed in a time, so that no waiting helps. */
export function tellsTooLargeAlone(message: string): boolean {
  if (TOO_LARGE.test(message)) return true;
  if (!/\btokens?\b|\btp[mdh]\b/i.test(message)) return false;
  const { needed, allowed } = readNumbers(message);
  return needed !== undefined && allowed !== undefined && needed > allowed;
}

/** Reads the first number that a request needs, and the first that is allowed. */
function readNumbers(message: string): { needed?: number; allowed?: number } {
  const found: { needed?: number; allowed?: number } = {};
  /** What the next number is. */
  let name: "needed" | "allowed" | undefined;
  /** The end of the word that says so. */
  let end = 0;
  for (const { index, 0: text, groups = {} } of message.matchAll(NUMBERS_AND_NAMES)) {
    if (groups["number"] !== undefined) {
      if (name && index - end <= MAX_DISTANCE_CHARS) found[name] ??= Number(text.replace(/\D/g, ""));
      name = undefined;
    } else if (groups["needed"] === undefined) {
      name = groups["allowed"] === undefined ? undefined : "allowed";
      end = index + text.length;
    } else {
      // In “maximum request size”, the first word says what is meant.
      const isCompound = name === "allowed" && /^[a-z ]*$/i.test(message.slice(end, index));
      if (!isCompound) name = "needed";
      end = index + text.length;
    }
  }
  return found;
}
