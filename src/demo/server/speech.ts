import type { ServerResponse } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createInvalidFieldError } from "../errors.js";
import { isFields } from "../json.js";
import { writePart } from "./http.js";
import type { Fault } from "./models.js";

/** The checked body of `POST /v1/audio/speech`. */
export interface DemoSpeech {
  readonly model: string;
  readonly input: string;
  readonly format: "wav" | "pcm";
  readonly speed: number;
}

/** OpenAI's limit. */
const MAX_INPUT_CHARS = 4_096;

const SAMPLES_PER_S = 16_000;
const LETTER_S = 0.06;
const WORD_GAP_S = 0.05;
const SENTENCE_GAP_S = 0.25;
const LOUDNESS = 0x2000;

/** @throws DemoError 400 that names the field */
export function readSpeech(body: unknown): DemoSpeech {
  const { model = "demo", input, response_format: format = "wav", speed = 1 } = isFields(body) ? body : {};
  if (typeof model !== "string") throw createInvalidFieldError("model", "expected a string.");
  if (typeof input !== "string" || input.trim() === "" || input.length > MAX_INPUT_CHARS) {
    throw createInvalidFieldError("input", `expected text of 1 to ${MAX_INPUT_CHARS} characters.`);
  }
  if (format !== "wav" && format !== "pcm")
    throw createInvalidFieldError("response_format", "expected 'wav' or 'pcm'.");
  if (typeof speed === "number" && speed >= 0.25 && speed <= 4) return { model, input, format, speed };
  throw createInvalidFieldError("speed", "expected a number from 0.25 to 4.");
}

/** Hums the text: one tone and one piece per word, 16 bits mono. `fault.after` counts words. */
export async function sendSpeech(
  { input, format, speed }: DemoSpeech,
  fault: Fault | undefined,
  response: ServerResponse,
): Promise<void> {
  const words = (input.match(/\S+/g) ?? []).map((word) => humWord(word, speed));
  response.writeHead(200, { "content-type": `audio/${format}`, "cache-control": "no-cache" });
  if (format === "wav") response.write(buildWavHeader(words.reduce((size, word) => size + word.length, 0)));
  for (const [at, word] of words.entries()) {
    if (at === fault?.after && fault.kind === "stall") return;
    if (at === fault?.after && fault.kind === "drop") response.destroy();
    if (response.destroyed) return;
    await writePart(response, word);
    await nextTurn();
  }
  response.end();
}

function humWord(word: string, speed: number): Buffer {
  const letters = word.match(/[\p{L}\p{N}]/gu)?.length ?? 0;
  const samples = Math.round((SAMPLES_PER_S * LETTER_S * letters) / speed);
  const gap = /[.!?:;]["'”’)]*$/.test(word) ? SENTENCE_GAP_S : WORD_GAP_S;
  const sound = Buffer.alloc(2 * (samples + Math.round((SAMPLES_PER_S * gap) / speed)));
  const pitchHz = 140 + 10 * (word.charCodeAt(0) % 12);
  for (let at = 0; at < samples; at++) {
    const swell = Math.sin((Math.PI * at) / samples);
    const wave = Math.sin((2 * Math.PI * pitchHz * at) / SAMPLES_PER_S);
    sound.writeInt16LE(Math.round(LOUDNESS * swell * wave), 2 * at);
  }
  return sound;
}

/** The 44 bytes before the samples of a WAV file: PCM, mono, 16 bits. */
function buildWavHeader(size: number): Buffer {
  const header = Buffer.alloc(44);
  for (const [text, at] of [
    ["RIFF", 0],
    ["WAVEfmt ", 8],
    ["data", 36],
  ] as const)
    header.write(text, at, "latin1");
  const [pcmAndMono, frameAndBits] = [0x1_0001, 0x10_0002];
  header.writeUInt32LE(36 + size, 4);
  for (const [at, value] of [16, pcmAndMono, SAMPLES_PER_S, 2 * SAMPLES_PER_S, frameAndBits].entries()) {
    header.writeUInt32LE(value, 16 + 4 * at);
  }
  header.writeUInt32LE(size, 40);
  return header;
}
