import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { forgetPicks, keepPick, onWire, otherValues, understood } from "../../../../bot/sandbox/page/draft.js";
import { entered, sent } from "../../../../bot/sandbox/page/entering.js";
import { flatten } from "../../../../bot/sandbox/page/slash.js";
import { store } from "../../../../bot/sandbox/page/store.js";
import { COMMANDS, KNOWN } from "./commands.js";

const FLAT = flatten(COMMANDS);
const TYPED = [
  "/waifu prompt: 1girl, smile count: 2",
  "/waifu 1girl",
  "/queue",
  "/policy panel",
  "/policy purge user: @Rin",
  "/policy list add channel: #art",
  "/policy-report",
  "/draw a cat",
  "/grown",
  "  /queue",
  "hello /queue",
];

beforeEach(() => {
  forgetPicks();
  Object.assign(store, {
    commands: COMMANDS,
    personas: KNOWN.people,
    channels: KNOWN.channels,
    roles: KNOWN.roles,
    bot: { id: "9", name: "Bot" },
    guild: { id: "8", name: "G", emojis: [{ id: "7", name: "wave" }] },
    active: "2",
  });
});

const option = (command, name) =>
  FLAT.find((one) => one.full === command).options.find((one) => one.name === name);

test("whatever is marked, Enter runs no command whose name was not typed", () => {
  const marks = [undefined, {}, ...FLAT.map((command) => ({ command }))];
  const texts = TYPED.flatMap((whole) => [...whole, ""].map((_, end) => whole.slice(0, end)));
  const tries = texts.flatMap((text) =>
    [0, text.length >> 1, text.length].flatMap((caret) =>
      marks.map((mark) => ({ text, deed: entered(text, caret, mark) })),
    ),
  );
  const runs = tries.filter(({ deed }) => deed.does === "run");
  assert.ok(runs.length > 100, "commands do run");
  for (const { text, deed } of runs) {
    const typed = text.trim().slice(1).replace(/\s+/g, " ");
    assert.ok(`${typed} `.startsWith(`${deed.command.full} `), `${text} ran ${deed.command.full}`);
  }
});

test("a marked command goes into the box first", () => {
  const queue = { command: FLAT.find((one) => one.full === "queue") };
  assert.equal(entered("/que", 4, queue).does, "take");
  assert.equal(entered("/", 1, queue).does, "take");
  assert.equal(entered("/policy panel", 13, queue).does, "take", "walked to with the arrows");
  const deed = entered("/queue", 6, queue);
  assert.deepEqual([deed.does, deed.command.full, deed.values], ["run", "queue", {}]);
});

test("with nothing marked, an unfinished name is reported and not guessed", () => {
  const deed = entered("/que", 4, undefined);
  assert.equal(deed.does, "complain");
  assert.match(deed.text, /no command \/que for you here/);
  store.commands = [];
  assert.match(entered("/queue", 6, undefined).text, /not ready/);
});

test("a command with a missing or unknown subcommand lists those that exist", () => {
  for (const typed of ["/policy", "/policy undoo"]) {
    const { does, text } = entered(typed, typed.length, undefined);
    assert.deepEqual([does, text.startsWith("Type one of these: /policy ")], ["complain", true]);
    assert.match(text, /\/policy panel, /);
  }
});

test("the name that other bots use leads to ours, if there is one", () => {
  const deed = entered("/imagine prompt: cat", 20, undefined);
  assert.deepEqual(
    [deed.does, deed.text],
    ["complain", "What other bots call /imagine is /waifu here."],
  );
  store.commands = store.commands.filter((one) => one.name !== "waifu");
  assert.match(entered("/imagine", 8, undefined).text, /no command \/imagine for you here/);
});

test("a wrong value is reported with its option, and nothing runs", () => {
  const deed = sent("/waifu prompt: a count: 9");
  assert.deepEqual([deed.does, deed.option.name], ["complain", "count"]);
  assert.equal(deed.text, "Count is at most 4.");
  assert.equal(sent("/waifu count: 2").option.name, "prompt");
});

test("Enter takes the marked value until the box holds a valid one", () => {
  assert.equal(entered("/waifu prompt: a style: wat", 27, {}).does, "take");
  assert.equal(entered("/waifu prompt: a style: Watercolour", 35, {}).does, "run");
  assert.equal(entered("/waifu prompt: bl", 17, {}).does, "take", "the bot marks none by itself");
});

test("an age-restricted command exists only in an age-restricted channel", () => {
  assert.equal(sent("/grown").does, "complain");
  store.channels = [{ id: "2", name: "art", type: 0, nsfw: true }];
  assert.equal(sent("/grown").does, "run");
});

test("text without a slash is sent as a message, with mentions and emoji encoded", () => {
  assert.deepEqual(sent("hi @Rin in #art :wave: 12:30"), {
    does: "say",
    content: "hi <@1> in <#2> <:wave:7> 12:30",
  });
  assert.equal(onWire("#nowhere <:wave:7>"), "#nowhere <:wave:7>");
  assert.equal(sent("x".repeat(2001)).does, "complain");
  assert.equal(sent("").does, "nothing");
});

test("a pick keeps its value as long as its text stays in the box", () => {
  keepPick(option("waifu", "like"), "a.png", "55");
  assert.deepEqual(sent("/waifu prompt: a like: a.png").values, { prompt: "a", like: "55" });
  assert.match(sent("/waifu prompt: a like: b.png").text, /is a file/);
  forgetPicks();
  assert.match(sent("/waifu prompt: a like: a.png").text, /is a file/);
});

test("autocomplete sends the other options as far as they can be read", () => {
  const parsed = understood("/waifu prompt: a count: 2 cfg: much");
  assert.deepEqual(otherValues(parsed, parsed.args[0]), { count: 2, cfg: "much" });
});
