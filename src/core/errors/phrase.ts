/** A pattern for error messages: a regular expression, or words that follow other words. */
export type MessagePattern = Pick<RegExp, "test">;

/**
 * Creates a pattern for words that follow other words at a distance. One regular expression for both would take
 * quadratic time on a hostile text.
 * @param first matches the first words; needs the flag `g`
 * @param maxChars how many characters after the first words are read
 * @param then matches in these characters
 */
export function followedBy(first: RegExp, maxChars: number, then: RegExp): MessagePattern {
  return {
    test: (text) => {
      for (const { index, 0: words } of text.matchAll(first)) {
        const end = index + words.length;
        if (then.test(text.slice(end, end + maxChars))) return true;
      }
      return false;
    },
  };
}
