import { pick, type Skill } from "../conversation.js";
import { capitalised, topicOf } from "../wording.js";

const HAIKU = [
  ["Letters on the wire,", "one by one they find their place:", "morning fills the page."],
  ["An old pond of words:", "each small token drops, and rings", "widen on the screen."],
  ["Quiet autumn rain.", "A thought arrives in pieces,", "whole before it ends."],
  ["Snow on silent roofs;", "far away a modem sings,", "and the cat looks up."],
];

const POEMS = [
  [
    "It did not come as thunder does,",
    "nor all at once, nor loud;",
    "it came the way the evening comes,",
    "with colour, cloud by cloud.",
    "",
    "A word, and then another word,",
    "a line, and then a rhyme:",
    "whatever in this world is whole",
    "was once a piece at a time.",
  ],
  [
    "Down the wire and through the night",
    "little words go travelling light,",
    "hand in hand and row by row,",
    "asking which way they should go.",
    "",
    "Here they are, a little late,",
    "lining up before your gate;",
    "let them in and you will find",
    "someone else's whole clear mind.",
  ],
];

const LIMERICK = [
  "A token set out from the start",
  "with a stream it would rather not part;",
  "  though the network was slow,",
  "  it kept whispering “Go!”",
  "and arrived with the rest, à la carte.",
];

/** Verse. The topic stands in the title: no stock line would scan with somebody else's words in it. */
export const poems: Skill = {
  thought: "They want verse. I choose a form, keep to its measure and give it a title.",
  answer({ lower, text, salt }) {
    const form = /\b(haiku|limerick|poem|verse|rhyme|sonnet|ode)s?\b/.exec(lower)?.[1];
    if (!form || /^(?:what is|what's|explain)\b/.test(lower)) return undefined;
    const topic = topicOf(text);
    const title = topic ? `${capitalised(topic)}\n\n` : "";
    if (form === "haiku") return title + pick(HAIKU, salt).join("\n");
    return title + (form === "limerick" ? LIMERICK : pick(POEMS, salt)).join("\n");
  },
};
