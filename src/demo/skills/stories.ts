import { pick, type Skill } from "../conversation.js";
import { NUMBER, numberFrom, topicOf } from "../wording.js";

/**
 * Stories about anything. The people in them look for `{topic}` rather than being it, so that any
 * phrase fits: "a robot", "dragons", "my sister's wedding". Paragraphs 0, 1, 2 and the last are the
 * story; those between are told only when it may be long.
 */
const STORIES: readonly (readonly string[])[] = [
  [
    "On the edge of a small harbour town lived a clockmaker called Mira, and more than anything else she wanted to know the truth about {topic}. The old sailors had a dozen tales to tell, and no two of them agreed.",
    "One grey morning she packed a lamp, a loaf of bread and an empty notebook, and followed the coast road north. She asked everyone she met: a shepherd, a postwoman, a boy with a kite. Each of them knew one small thing about {topic}, and Mira wrote it down.",
    "When her notebook was full she sat on a rock above the sea and read it from the first page to the last. Piece by piece it had become a whole story. She laughed, closed the book and walked home in the dark, quite unafraid.",
    "The road had not been an easy one. On the third day the fog came in so thick that she could not see her own boots, and she went on by counting her steps aloud: one, two, three, up to a thousand and then from the beginning again.",
    "On the fifth day a bridge was out. The ferryman wanted a song for his fare, and since Mira knew only one song, she sang it four times, a little better each time. He swore that he had once seen {topic} with his own eyes, though it had been late and he had been young.",
    "On the seventh day she met an old woman who was mending a net. “Everybody wants to be told everything at once,” the old woman said. “But look at a net. It is nothing but knots and patience, and it will hold a whale.”",
    "Since that day, whenever a child in the harbour asks about {topic}, Mira puts down her tools, pours two cups of cocoa and begins: “Nobody told me all of it at once. It came to me a little at a time.”",
  ],
  [
    "The lighthouse at Gull Point had a keeper called Tomas and a radio that received only one station. Every night at ten, between the weather and the music, a voice spoke for exactly one minute about {topic}.",
    "Tomas had never given it much thought. But night after night he found himself listening a little more closely, until he could have drawn it all on a napkin. So one evening he wrote a letter to the station. “Dear voice,” it said, “who are you, and how does it go on?”",
    "The answer came a week later, in a bottle, which was odd, because the station was inland. It held a single sheet of paper with a single sentence: “It goes on for as long as somebody is listening.”",
    "That winter the storms were the worst in living memory. For nine days no boat could land, and Tomas lived on tinned peaches and the minute at ten o'clock. When the mast cracked on the tenth night he climbed up in the wind and held the aerial in place with both hands, so as not to miss the end of a sentence.",
    "In spring a girl rowed over with the post and stayed to hear the broadcast. She listened with her head on one side. “You know,” she said, “in our village they tell it the other way round. But the middle is the same.”",
    "They argued about it for most of the summer, happily, over a chessboard. By August they had agreed on everything except how {topic} ought to be spelt on the map that they had begun to draw.",
    "Tomas is old now, and the lamp turns by itself. At ten each night he still takes off his cap, turns the dial and leans in close; and out at sea, the passing ships slow down a little, as if they wanted to hear about {topic} too.",
  ],
  [
    "Ines worked in a library where nobody ever raised their voice, and in the furthest room, on the highest shelf, stood the only book in the world about {topic}. It had no title, and it was always a little warm to the touch.",
    "One day she opened it and found that it held only one word. She came back the next morning, and there were two. By the end of the week there was a sentence, and it was so good that she read it to the porter, who took off his hat.",
    "Word by word the book went on, and people began to come for it before work, as others come for bread. They did not mind that it was slow. “I have read books that came all at once,” said the baker, “and I have forgotten every one of them.”",
    "Not everyone was patient. A man in a good coat demanded to see the last page. Ines showed it to him: it was blank, and it went on being blank however long he glared. He sat down in the end, because his feet hurt, and by closing time he was asking what the sentence before had been.",
    "In the cold months they read by candlelight. Somebody brought soup; somebody brought a violin. A child who could not read yet was allowed to turn the pages, and did it with enormous care.",
    "Once, in March, no new word came for three days. On the fourth the whole town stood in the reading room, very quiet. Then the page stirred, and there it was: “Nevertheless”. You could have heard the cheer across the river.",
    "The book is nearly full now. Nobody knows what will stand on the last page about {topic}, and if you ask Ines, she only smiles. “Come tomorrow,” she says. “There will be another word.”",
  ],
];

const LONG = /\b(?:long|longer|detailed|epic|complete|full)\b/;
const SHORT = /\b(?:short|tiny|little|brief|very short)\s+(?:\w+\s+)?(?:story|tale)/;
const WORDS = new RegExp(String.raw`\b(${NUMBER})[- ]words?\b`);

/** Words in one story at most: enough for minutes of streaming. */
const MOST_WORDS = 20_000;

export const stories: Skill = {
  thought:
    "They want a story. It needs somebody who wants something, a way there, and an end that remembers the beginning.",
  answer({ lower, text, salt }) {
    const wordsWanted = numberFrom(WORDS.exec(lower)?.[1]);
    const essay =
      /\b(?:essay|article|report|text|speech)\b/.test(lower) && /\b(?:write|tell|give|compose)\b/.test(lower);
    const story = /\b(?:story|stories|tale|fable|bedtime)\b/.test(lower) && !/\bwhat is a\b/.test(lower);
    if (!story && !essay && !(wordsWanted !== undefined && /\bwrite\b/.test(lower))) return undefined;
    const topic = topicOf(text) ?? pick(["a small robot", "the last snow leopard", "a forgotten bell"], salt);
    const told = (turn: number) =>
      pick(STORIES, salt, turn).map((part) => part.replaceAll("{topic}", () => topic));
    if (wordsWanted !== undefined && wordsWanted > 20) return upTo(Math.min(wordsWanted, MOST_WORDS), told);
    const parts = told(0);
    const end = parts.at(-1)!;
    if (LONG.test(lower) || essay) return parts.join("\n\n");
    return SHORT.test(lower) ? `${parts[0]}\n\n${end}` : [...parts.slice(0, 3), end].join("\n\n");
  },
};

/** Goes on telling, one story after another, until the words are used up; the last sentence is whole. */
function upTo(words: number, told: (turn: number) => readonly string[]): string {
  let text = "";
  let left = words;
  for (let turn = 0; left > 0; turn++) {
    for (const part of told(turn)) {
      if (left <= 0) break;
      const chosen: string[] = [];
      for (const sentence of part.split(/(?<=[.!?]”?) (?=[“\p{Lu}])/u)) {
        if (left <= 0) break;
        chosen.push(sentence);
        left -= sentence.split(" ").length;
      }
      text += (text ? "\n\n" : "") + chosen.join(" ");
    }
  }
  return text;
}
