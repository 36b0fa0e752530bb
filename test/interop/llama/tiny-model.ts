/**
 * Builds a model for llama.cpp with random weights, as a GGUF file (ggml's specification, "GGUF"). It says random words,
 * the same for the same request, and ends by itself.
 */

const WIDTH = 64;
const HEADS = 4;
const LAYERS = 2;
const INNER_WIDTH = 128;
const CONTEXT = 1024;
const ALIGNMENT = 32;

const WORDS =
  "the a one sun moon sea tree bird river stone light night day wind rain snow fire song road house hand eye heart word name time year old new red blue green small great long and or of in on by to is was goes comes sees says .".split(
    " ",
  );

/** How a text that is a token is used. */
const TOKEN_KINDS = { word: 1, unknown: 2, control: 3, byte: 6 };

interface Token {
  text: string;
  kind: number;
}

/** All tokens. The space of a word stands behind it, because the server loses one in front. */
const TOKENS: readonly Token[] = [
  { text: "<unk>", kind: TOKEN_KINDS.unknown },
  { text: "<s>", kind: TOKEN_KINDS.control },
  { text: "</s>", kind: TOKEN_KINDS.control },
  ...Array.from({ length: 256 }, (_, byte) => ({
    text: `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
    kind: TOKEN_KINDS.byte,
  })),
  ...WORDS.map((word) => ({ text: `${word}▁`, kind: TOKEN_KINDS.word })),
];

const START = 1;
const END = 2;

const TEMPLATE =
  "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}";

/** Types of values in the file. */
const UINT32 = 4;
const INT32 = 5;
const FLOAT32 = 6;
const STRING = 8;
const ARRAY = 9;

interface Tensor {
  name: string;
  size: readonly number[];
  /** Gives the weight at a place. */
  fill: (at: number) => number;
}

/** Builds the file. The same each time. */
export function buildTinyModel(): Buffer {
  const entries = listEntries();
  const tensors = listTensors(createNormal(7));
  const bodies = tensors.map(encodeTensor);
  let offset = 0;
  const infos = tensors.map(({ name, size }, at) => {
    const info = [encodeText(name), encodeUint32(size.length), ...size.map(encodeUint64)];
    const place = [encodeUint32(0), encodeUint64(offset)];
    offset += bodies[at]!.length;
    return Buffer.concat([...info, ...place]);
  });
  const counts = [encodeUint64(tensors.length), encodeUint64(entries.length)];
  const head = Buffer.concat([Buffer.from("GGUF"), encodeUint32(3), ...counts, ...entries, ...infos]);
  return Buffer.concat([align(head), ...bodies]);
}

function listEntries(): Buffer[] {
  const numbers: Readonly<Record<string, number>> = {
    "general.alignment": ALIGNMENT,
    "llama.context_length": CONTEXT,
    "llama.embedding_length": WIDTH,
    "llama.block_count": LAYERS,
    "llama.feed_forward_length": INNER_WIDTH,
    "llama.attention.head_count": HEADS,
    "llama.attention.head_count_kv": HEADS,
    "llama.rope.dimension_count": WIDTH / HEADS,
    "llama.vocab_size": TOKENS.length,
    "tokenizer.ggml.unknown_token_id": 0,
    "tokenizer.ggml.bos_token_id": START,
    "tokenizer.ggml.eos_token_id": END,
  };
  const texts: Readonly<Record<string, string>> = {
    "general.architecture": "llama",
    "general.name": "tiny",
    "tokenizer.ggml.model": "llama",
    "tokenizer.chat_template": TEMPLATE,
  };
  return [
    ...Object.entries(texts).map(([name, text]) => encodeEntry(name, STRING, encodeText(text))),
    ...Object.entries(numbers).map(([name, number]) => encodeEntry(name, UINT32, encodeUint32(number))),
    encodeEntry("llama.attention.layer_norm_rms_epsilon", FLOAT32, encodeFloats([1e-5])),
    encodeList("tokenizer.ggml.tokens", STRING, ({ text }) => encodeText(text)),
    encodeList("tokenizer.ggml.token_type", INT32, ({ kind }) => encodeUint32(kind)),
    encodeList("tokenizer.ggml.scores", FLOAT32, () => encodeFloats([0])),
  ];
}

function listTensors(drawNormal: () => number): Tensor[] {
  const drawWeight = () => drawNormal() * 0.3;
  const square = [WIDTH, WIDTH];
  // Only words and the end are ever the likeliest token. Bytes are there for the letters of JSON.
  const isSaid = (token: number) => token === END || TOKENS[token]!.kind === TOKEN_KINDS.word;
  const layers = Array.from({ length: LAYERS }, (_, layer): Tensor[] => {
    const parts: Record<string, readonly number[]> = {
      attn_q: square,
      attn_k: square,
      attn_v: square,
      attn_output: square,
      ffn_gate: [WIDTH, INNER_WIDTH],
      ffn_up: [WIDTH, INNER_WIDTH],
      ffn_down: [INNER_WIDTH, WIDTH],
    };
    return [
      ...["attn_norm", "ffn_norm"].map((name) => ({ name, size: [WIDTH], fill: () => 1 })),
      ...Object.entries(parts).map(([name, size]) => ({ name, size, fill: drawWeight })),
    ].map((tensor) => ({ ...tensor, name: `blk.${layer}.${tensor.name}.weight` }));
  });
  return [
    { name: "token_embd.weight", size: [WIDTH, TOKENS.length], fill: drawNormal },
    { name: "output_norm.weight", size: [WIDTH], fill: () => 1 },
    {
      name: "output.weight",
      size: [WIDTH, TOKENS.length],
      fill: (at) => (isSaid(Math.floor(at / WIDTH)) ? drawWeight() : 0),
    },
    ...layers.flat(),
  ];
}

/** Creates a source of numbers of a normal distribution (Box and Muller) from a generator with a seed. */
function createNormal(seed: number): () => number {
  let state = seed;
  const draw = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 1) / (2 ** 32 + 1);
  };
  return () => Math.sqrt(-2 * Math.log(draw())) * Math.cos(2 * Math.PI * draw());
}

function encodeTensor({ size, fill }: Tensor): Buffer {
  const count = size.reduce((product, length) => product * length, 1);
  return align(encodeFloats(Array.from({ length: count }, (_, at) => fill(at))));
}

function encodeEntry(name: string, type: number, value: Buffer): Buffer {
  return Buffer.concat([encodeText(name), encodeUint32(type), value]);
}

function encodeList(name: string, type: number, encode: (token: Token) => Buffer): Buffer {
  const list = [encodeUint32(type), encodeUint64(TOKENS.length), ...TOKENS.map(encode)];
  return encodeEntry(name, ARRAY, Buffer.concat(list));
}

function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([encodeUint64(bytes.length), bytes]);
}

function encodeUint32(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
}

function encodeUint64(number: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(number));
  return bytes;
}

function encodeFloats(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [at, number] of numbers.entries()) bytes.writeFloatLE(number, 4 * at);
  return bytes;
}

function align(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((ALIGNMENT - (bytes.length % ALIGNMENT)) % ALIGNMENT)]);
}
