import type { Skill } from "../question.js";
import { capitalise, NUMBER, parseNumber } from "../words.js";

const LISTS: Readonly<Record<string, readonly string[]>> = {
  planets: ["Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune"],
  days: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
  seasons: ["spring", "summer", "autumn", "winter"],
  colours: ["red", "orange", "yellow", "green", "blue", "indigo", "violet"],
  fruits: ["apple", "pear", "cherry", "plum", "fig", "mango", "banana", "orange"],
  animals: ["fox", "otter", "heron", "hedgehog", "lynx", "seal", "badger", "owl"],
  cities: ["Paris", "Lisbon", "Prague", "Vienna", "Helsinki", "Dublin", "Athens", "Oslo"],
};
const DEFAULT_ITEMS = 5;
const HOW_MANY = new RegExp(String.raw`\b${NUMBER}\b`);

export const lists: Skill = {
  thought: "They want a list. I choose the items, count them, and put each on its own line.",
  answer({ lower }) {
    if (!/\b(?:list|name|give me|tell me|what are)\b/.test(lower)) return undefined;
    const plain = lower.replace("colors", "colours");
    const name = Object.keys(LISTS).find((known) => new RegExp(String.raw`\b${known}\b`).test(plain));
    if (!name) return undefined;
    const all = LISTS[name]!;
    const wanted = HOW_MANY.exec(lower)?.[0];
    const usual = /\b(?:all|the)\b/.test(lower) ? all.length : DEFAULT_ITEMS;
    const items = all.slice(0, Math.max(1, wanted ? parseNumber(wanted) : usual));
    return `Here are ${items.length} ${name}:\n\n${items.map((item, at) => `${at + 1}. ${capitalise(item)}`).join("\n")}`;
  },
};
