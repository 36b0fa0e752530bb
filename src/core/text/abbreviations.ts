/** Words that end in a full stop and no sentence, in lower case; English, German, French, Spanish. */
const ABBREVIATIONS: ReadonlySet<string> = new Set(
  (
    "mr mrs ms dr prof st jr sr vs eg ie cf inc ltd corp approx dept gov hon rev gen " +
    "bzw ca hr fr evtl ggf inkl exkl jh jhd mio mrd sog vgl zzgl bspw geb gest tel dipl ing vors " +
    "mme mlle av env sra srta ud uds"
  ).split(" "),
);

/** The same where a number follows; elsewhere they are words like others. */
const BEFORE_NUMBERS: ReadonlySet<string> = new Set(
  (
    "no nos nr fig abb tab vol bd pp p s art abs kap ch sec eq ex str núm pág est " +
    "jan feb mar apr jun jul aug sep sept oct okt nov dec dez"
  ).split(" "),
);

/**
 * Whether what looks like a sentence ends in an abbreviation ("z. B.", "Dr.", "e.g.", "Fig. 3"), an initial ("J."),
 * or a number that may be an ordinal or a list's ("am 3. Mai", "1. First").
 * @param end the sentence's last words, with the gap behind them
 * @param next how what follows begins
 */
export function endsInAbbreviation(end: string, next: string): boolean {
  const word = /(?:^|[^\p{L}\p{N}.])([\p{L}\p{N}.]+)\.\s*$/u.exec(end)?.[1];
  if (word === undefined) return false;
  if (/^\p{L}$/u.test(word) || /^\d{1,2}$/.test(word)) return true;
  // Letters with stops between them: e.g, i.e, z.B, U.S
  if (/^(\p{L}\.)+\p{L}$/u.test(word)) return true;
  const known = word.toLowerCase();
  return ABBREVIATIONS.has(known) || (BEFORE_NUMBERS.has(known) && /^\p{N}/u.test(next));
}
