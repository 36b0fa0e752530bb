/** Abbreviations whose full stop does not end a sentence, in lower case: English, German, French and Spanish. */
const ABBREVIATIONS: ReadonlySet<string> = new Set(
  (
    "mr mrs ms dr prof st jr sr vs eg ie cf inc ltd corp approx dept gov hon rev gen " +
    "bzw ca hr fr evtl ggf inkl exkl jh jhd mio mrd sog vgl zzgl bspw geb gest tel dipl ing vors " +
    "mme mlle av env sra srta ud uds"
  ).split(" "),
);

/** Words that are abbreviations only before a number ("no. 5", "Fig. 3"). Elsewhere they are ordinary words. */
const ABBREVIATIONS_BEFORE_NUMBERS: ReadonlySet<string> = new Set(
  (
    "no nos nr fig abb tab vol bd pp p s art abs kap ch sec eq ex str núm pág est " +
    "jan feb mar apr jun jul aug sep sept oct okt nov dec dez"
  ).split(" "),
);

/**
 * Whether a text that looks like a sentence ends in an abbreviation ("z. B.", "Dr.", "e.g.", "Fig. 3"), an initial
 * ("J."), or a number that may be an ordinal or a list number ("am 3. Mai", "1. First").
 * @param end the last words of the sentence, with the white space after them
 * @param next the beginning of the text that follows
 */
export function endsInAbbreviation(end: string, next: string): boolean {
  const word = /(?:^|[^\p{L}\p{N}.])([\p{L}\p{N}.]+)\.\s*$/u.exec(end)?.[1];
  if (word === undefined) return false;
  if (/^\p{L}$/u.test(word) || /^\d{1,2}$/.test(word)) return true;
  // Letters with full stops between them: e.g, i.e, z.B, U.S
  if (/^(\p{L}\.)+\p{L}$/u.test(word)) return true;
  const lowerCase = word.toLowerCase();
  return (
    ABBREVIATIONS.has(lowerCase) || (ABBREVIATIONS_BEFORE_NUMBERS.has(lowerCase) && /^\p{N}/u.test(next))
  );
}
