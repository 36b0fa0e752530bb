import type { ServerResponse } from "node:http";
import { setImmediate as turn } from "node:timers/promises";
import { invalid } from "../errors.js";
import type { Fault } from "./models.js";

/** What `POST /v1/audio/speech` was asked for. */
export interface SpeechRequest {
  readonly model: string;
  readonly input: string;
  readonly format: "wav" | "pcm";
  readonly speed: number;
}

const RATE = 16_000;
/** Characters of OpenAI's limit. */
const MOST_CHARACTERS = 4_096;
/** Seconds of a letter, of the gap between words, and of a stop. */
const LETTER = 0.06;
const GAP = 0.05;
const STOP = 0.25;
const PITCH = 140;

/** First and second formant in Hz of the vowels, rounded from Peterson and Barney's tables of 1952. */
const VOWELS: Readonly<Record<string, readonly [number, number]>> = {
  a: [730, 1090],
  e: [530, 1840],
  i: [270, 2290],
  o: [570, 840],
  u: [300, 870],
  y: [270, 2100],
};

/** @throws ApiError 400 that names the field */
export function readSpeech(body: unknown): SpeechRequest {
  const fields = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const { model = "demo", input, response_format: format = "wav", speed = 1 } = fields;
  if (typeof model !== "string") throw invalid("model", "'model' must be a string.");
  if (typeof input !== "string" || input.trim() === "") {
    throw invalid("input", "'input' must be a text that is not empty.");
  }
  if (input.length > MOST_CHARACTERS) {
    throw invalid("input", `'input' has more than ${MOST_CHARACTERS} characters.`);
  }
  if (format !== "wav" && format !== "pcm") {
    throw invalid("response_format", "The demo speaks 'wav' and 'pcm' only.");
  }
  if (typeof speed !== "number" || !(speed >= 0.25 && speed <= 4)) {
    throw invalid("speed", "'speed' must be a number from 0.25 to 4.");
  }
  return { model, input, format, speed };
}

/** Hums the text: every vowel its own sound, 16 bits mono. One piece per word, `drop` breaks off after so many. */
export async function speak(
  { input, format, speed }: SpeechRequest,
  fault: Fault | undefined,
  response: ServerResponse,
): Promise<void> {
  const words = (input.match(/\S+/g) ?? []).map((word) => hum(word, speed));
  const size = words.reduce((sum, { length }) => sum + length, 0);
  const type = format === "wav" ? "audio/wav" : "audio/pcm";
  response.writeHead(200, { "content-type": type, "cache-control": "no-cache" });
  if (format === "wav") response.write(wavHeader(size));
  for (const [at, word] of words.entries()) {
    if (response.destroyed) return;
    if (fault?.kind === "drop" && at === fault.after) {
      response.destroy();
      return;
    }
    if (fault?.kind === "stall" && at === fault.after) return;
    if (!response.write(word)) {
      await new Promise<void>((resolve) => {
        response.once("drain", resolve);
        response.once("close", resolve);
      });
    }
    await turn();
  }
  response.end();
}

function hum(word: string, speed: number): Buffer {
  const letters = [...word.toLowerCase().normalize("NFD")].filter((letter) => /[\p{L}\p{N}]/u.test(letter));
  const silence = (/[.!?:;]["'”’)]*$/.test(word) ? STOP : GAP) / speed;
  const perLetter = Math.round((RATE * LETTER) / speed);
  const samples = Buffer.alloc(2 * (letters.length * perLetter + Math.round(RATE * silence)));
  for (const [at, letter] of letters.entries()) {
    const formants = VOWELS[letter];
    for (let sample = 0; sample < perLetter; sample++) {
      const loudness = Math.sin((Math.PI * sample) / perLetter);
      const value = loudness * voice(at * perLetter + sample, formants);
      samples.writeInt16LE(Math.round(value * 0x3fff), 2 * (at * perLetter + sample));
    }
  }
  return samples;
}

function voice(sample: number, formants: readonly [number, number] | undefined): number {
  const wave = (frequency: number) => Math.sin((2 * Math.PI * frequency * sample) / RATE);
  return formants
    ? 0.5 * wave(PITCH) + 0.3 * wave(formants[0]) + 0.15 * wave(formants[1])
    : 0.2 * wave(PITCH);
}

/** The 44 bytes before the samples of a WAV file: RIFF, `fmt ` (PCM, mono, 16 bits), `data`. */
function wavHeader(size: number): Buffer {
  const header = Buffer.alloc(44);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(36 + size, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(size, 40);
  return header;
}
