import { earlierQuestions, pick, quoted, type Skill } from "../conversation.js";

/**
 * Answers in Chinese, several sentences each: the script has no spaces and ends its sentences with
 * other marks, which is what a flow that cuts a stream into sentences should be tried with.
 */

const STORY = [
  "从前，在一个靠海的小镇上，住着一位修钟表的姑娘，名叫小雨。她一直想知道关于{topic}的真相。镇上的老水手们讲过许多故事，可是每个故事都不一样。",
  "有一天清晨，她带上一盏灯、一块面包和一本空白的笔记本，沿着海边的路向北走去。路上她遇见了牧羊人、邮差，还有一个放风筝的孩子。每个人都知道一点点，小雨就把它们一句一句记了下来。",
  "笔记本写满的时候，她坐在礁石上，从第一页读到最后一页。原来，一个完整的故事就是这样一点一点来到的！她笑了笑，合上本子，踏着月光走回了家。",
];

const GENERAL = [
  "您的问题是{question}。我是这个软件包自带的演示模型，只是一个小程序，并不是真正的语言模型。所以这个问题我没有可靠的答案，也不想随便编造。不过，您可以看到这段文字是一点一点到达的，这就是流式输出！想要真正的回答，请在设置里选择另一个服务商。",
  "您说的是{question}，我收到了。可惜我只是一个演示模型，懂的东西不多。我会讲故事、数数，也能解释什么是流式输出。您想先试哪一个呢？",
];

const TOPICS: readonly [RegExp, string][] = [
  [
    /node-?red/i,
    "Node-RED 是一个把各种东西连接起来的工具。您把节点拖到画布上，用线连起来，消息就会沿着线从一个节点流到下一个节点。它可以运行在树莓派上，也可以运行在云端。最有趣的是，程序就在眼前，消息经过哪里一目了然！",
  ],
  [
    /流式|串流|流输出|什么是流/,
    "流式输出的意思是：答案一边生成，一边发送。语言模型每次只写一小段文字，所以不必等到全部写完再显示。读者很快就能看到开头，如果方向不对，还可以随时停下来。最后得到的文字完全一样，只是不用再等待了。这不是很好吗？",
  ],
  [/谢谢|多谢/, "不客气！很高兴能帮到您。还有什么想试试的吗？"],
  [/再见|拜拜/, "再见！祝您今天一切顺利。"],
  [
    /^(?:你好|您好|嗨|大家好)/,
    "您好！我是这个软件包自带的演示模型。我会讲故事、数数，也能解释什么是流式输出。请随便问吧！",
  ],
];

const CAN_COUNT = 1_000;

export const chinese: Skill = {
  thought: "The question is in Chinese, so the answer should be in Chinese too.",
  answer(question) {
    const { text, salt, system } = question;
    const asked = /\p{sc=Han}/u.test(text) && !/[\p{sc=Hiragana}\p{sc=Katakana}]/u.test(text);
    const told = /\b(?:in|use|speak) (?:simplified )?chinese\b|用中文|说中文/i.test(system);
    if (!asked && !told) return undefined;
    const name = earlierQuestions(question)
      .concat(text)
      .map((said) => /(?:我叫|我的名字(?:是|叫))(?!什么)([\p{L}]{1,8})/u.exec(said)?.[1])
      .findLast((found) => found !== undefined);
    if (/我叫什么|我的名字是什么|我是谁/.test(text)) {
      return name ? `您叫${name}。` : "您还没有告诉我您的名字。我只能看到请求里发来的消息。";
    }
    if (name && /我叫|我的名字/.test(text))
      return `${name}，很高兴认识您！只要对话记录还在，我就会记得您的名字。`;
    const end = /数到\s*(\d{1,7})/.exec(text)?.[1];
    if (end)
      return `${Array.from({ length: Math.min(Number(end), CAN_COUNT) }, (_, at) => at + 1).join("、")}。`;
    if (/故事/.test(text)) {
      const topic = /(?:关于|有关)(.{1,30}?)的(?:短|小|长)?故事/u.exec(text)?.[1] ?? "大海";
      return STORY.map((part) => part.replaceAll("{topic}", () => topic)).join("\n\n");
    }
    const known = TOPICS.find(([pattern]) => pattern.test(text))?.[1];
    return known ?? pick(GENERAL, salt).replaceAll("{question}", () => quoted(text, 60));
  },
};
