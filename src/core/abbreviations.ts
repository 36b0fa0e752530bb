/** Words that end in a full stop and no sentence, in lower case; English, German, French, Spanish. */
const ABBREVIATIONS: ReadonlySet<string> = new Set(
  (
    "mr mrs ms dr prof st jr sr vs etc eg ie cf fig no nos vol pp inc ltd co corp approx dept est gen gov hon rev " +
    "bzw ca usw nr hr fr str abs art evtl ggf inkl exkl bd jh jhd mio mrd sog vgl zzgl bspw geb gest tel " +
    "mme mlle av apr ex env sra srta ud uds pág núm"
  ).split(" "),
);

/**
 * Whether what looks like a sentence ends in an abbreviation ("z. B.", "Dr.", "e.g."), an initial ("J."), or a
 * number that may be an ordinal or a list's ("am 3. Mai", "1. First").
 */
export function endsInAbbreviation(sentence: string): boolean {
  const word = /(?:^|[\s([{„“"'«»‚‘-])([\p{L}\p{N}.]+)\.[ \t\u00a0]*$/u.exec(sentence)?.[1];
  if (word === undefined) return false;
  if (/^\p{L}$/u.test(word) || /^\d{1,2}$/.test(word)) return true;
  // Letters with stops between them: e.g, i.e, z.B, U.S
  if (/^(\p{L}\.)+\p{L}$/u.test(word)) return true;
  return ABBREVIATIONS.has(word.toLowerCase());
}
