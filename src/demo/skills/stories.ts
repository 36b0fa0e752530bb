import type { Skill } from "../question.js";
import { capitalise, findTopic } from "../words.js";

/**
 * Two stories about any topic. The people in them look for `{topic}`, so any phrase fits: "a robot", "dragons".
 * A short story has the first and the last paragraph, a usual one the first three and the last, a long one all.
 */
const STORIES: readonly (readonly string[])[] = [
  [
    "Ines worked in a library where nobody ever raised their voice, and in the furthest room, on the highest shelf, stood the only book in the world about {topic}. It had no title, and it was always a little warm to the touch.",
    "One day she opened it and found that it held only one word. She came back the next morning, and there were two. By the end of the week there was a sentence, and it was so good that she read it to the porter, who took off his hat.",
    "Word by word the book went on, and people began to come for it before work, as others come for bread. They did not mind that it was slow. “I have read books that came all at once,” said the baker, “and I have forgotten every one of them.”",
    "Not everyone was patient. A man in a good coat demanded to see the last page. Ines showed it to him: it was blank, and it went on being blank however long he glared. He sat down in the end, because his feet hurt, and by closing time he was asking what the sentence before had been.",
    "In the cold months they read by candlelight. Somebody brought soup; somebody brought a violin. A child who could not read yet was allowed to turn the pages, and did it with enormous care.",
    "Once, in March, no new word came for three days. On the fourth the whole town stood in the reading room, very quiet. Then the page stirred, and there it was: “Nevertheless”. You could have heard the cheer across the river.",
    "The book is nearly full now. Nobody knows what will stand on the last page about {topic}, and if you ask Ines, she only smiles. “Come tomorrow,” she says. “There will be another word.”",
  ],
  [
    "On the edge of a small harbour town lived a clockmaker called Mira, and more than anything else she wanted to know the truth about {topic}. The old sailors had a dozen tales to tell, and no two of them agreed.",
    "One grey morning she packed a lamp, a loaf of bread and an empty notebook, and followed the coast road north. She asked everyone she met: a shepherd, a postwoman, a boy with a kite. Each of them knew one small thing about {topic}, and Mira wrote it down.",
    "When her notebook was full she sat on a rock above the sea and read it from the first page to the last. Piece by piece it had become a whole story. She laughed, closed the book and walked home in the dark, quite unafraid.",
    "The road had not been an easy one. On the third day the fog came in so thick that she could not see her own boots, and she went on by counting her steps aloud: one, two, three, up to a thousand and then from the beginning again.",
    "On the fifth day a bridge was out. The ferryman wanted a song for his fare, and since Mira knew only one song, she sang it four times, a little better each time. He swore that he had once seen {topic} with his own eyes, though it had been late and he had been young.",
    "On the seventh day she met an old woman who was mending a net. “Everybody wants to be told everything at once,” the old woman said. “But look at a net. It is nothing but knots and patience, and it will hold a whale.”",
    "Since that day, whenever a child in the harbour asks about {topic}, Mira puts down her tools, pours two cups of cocoa and begins: “Nobody told me all of it at once. It came to me a little at a time.”",
  ],
];

export const stories: Skill = {
  thought: "They want a story. It needs somebody who wants something, a way there, and an end.",
  answer({ lower, text, choice }) {
    if (!/\b(?:story|tale)\b/.test(lower)) return undefined;
    const all = STORIES[choice % STORIES.length]!;
    const start = /\blong\b/.test(lower) ? all.slice(0, -1) : all.slice(0, /\bshort\b/.test(lower) ? 1 : 3);
    const topic = findTopic(text) ?? "a small robot";
    return [...start, all.at(-1)!].join("\n\n").replaceAll("{topic}", () => topic);
  },
};

const SEA_HAIKU = "Waves write on the sand,\nline by line, and each one waits\nfor the tide to read.";
const OTHER_HAIKU = "Letters on the wire,\none by one they find their place:\nmorning fills the page.";

/** The topic is the title, because lines with another word in them would lose their measure. */
export const haiku: Skill = {
  thought: "They want a haiku. I keep to its measure and give it a title.",
  answer({ lower, text }) {
    if (!/\b(?:haiku|poem)\b/.test(lower)) return undefined;
    const topic = findTopic(text);
    const title = topic ? `${capitalise(topic)}\n\n` : "";
    return title + (/\bsea\b/.test(lower) ? SEA_HAIKU : OTHER_HAIKU);
  },
};
