import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { forgetPicks, rememberPick, encodeMentions, otherValues, parseDraft } from "../../../../bot/sandbox/page/draft.js";
import { actionOnEnter, actionOnSend } from "../../../../bot/sandbox/page/entering.js";
import { flattenCommands } from "../../../../bot/sandbox/page/slash.js";
import { store } from "../../../../bot/sandbox/page/store.js";
import { COMMANDS, KNOWN } from "./commands.js";

const FLAT = flattenCommands(COMMANDS);
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
      marks.map((mark) => ({ text, action: actionOnEnter(text, caret, mark) })),
    ),
  );
  const runs = tries.filter(({ action }) => action.kind === "run");
  assert.ok(runs.length > 100, "commands do run");
  for (const { text, action } of runs) {
    const typed = text.trim().slice(1).replace(/\s+/g, " ");
    assert.ok(`${typed} `.startsWith(`${action.command.full} `), `${text} ran ${action.command.full}`);
  }
});

test("a marked command goes into the box first", () => {
  const queue = { command: FLAT.find((one) => one.full === "queue") };
  assert.equal(actionOnEnter("/que", 4, queue).kind, "choose");
  assert.equal(actionOnEnter("/", 1, queue).kind, "choose");
  assert.equal(actionOnEnter("/policy panel", 13, queue).kind, "choose", "walked to with the arrows");
  const action = actionOnEnter("/queue", 6, queue);
  assert.deepEqual([action.kind, action.command.full, action.values], ["run", "queue", {}]);
});

test("with nothing marked, an unfinished name is reported and not guessed", () => {
  const action = actionOnEnter("/que", 4, undefined);
  assert.equal(action.kind, "refuse");
  assert.match(action.text, /no command \/que for you here/);
  store.commands = [];
  assert.match(actionOnEnter("/queue", 6, undefined).text, /not ready/);
});

test("a command with a missing or unknown subcommand lists those that exist", () => {
  for (const typed of ["/policy", "/policy undoo"]) {
    const { kind, text } = actionOnEnter(typed, typed.length, undefined);
    assert.deepEqual([kind, text.startsWith("Type one of these: /policy ")], ["refuse", true]);
    assert.match(text, /\/policy panel, /);
  }
});

test("the name that other bots use leads to ours, if there is one", () => {
  const action = actionOnEnter("/imagine prompt: cat", 20, undefined);
  assert.deepEqual(
    [action.kind, action.text],
    ["refuse", "What other bots call /imagine is /waifu here."],
  );
  store.commands = store.commands.filter((one) => one.name !== "waifu");
  assert.match(actionOnEnter("/imagine", 8, undefined).text, /no command \/imagine for you here/);
});

test("a wrong value is reported with its option, and nothing runs", () => {
  const action = actionOnSend("/waifu prompt: a count: 9");
  assert.deepEqual([action.kind, action.option.name], ["refuse", "count"]);
  assert.equal(action.text, "Count is at most 4.");
  assert.equal(actionOnSend("/waifu count: 2").option.name, "prompt");
});

test("Enter takes the marked value until the box holds a valid one", () => {
  assert.equal(actionOnEnter("/waifu prompt: a style: wat", 27, {}).kind, "choose");
  assert.equal(actionOnEnter("/waifu prompt: a style: Watercolour", 35, {}).kind, "run");
  assert.equal(actionOnEnter("/waifu prompt: bl", 17, {}).kind, "choose", "the bot marks none by itself");
});

test("an age-restricted command exists only in an age-restricted channel", () => {
  assert.equal(actionOnSend("/grown").kind, "refuse");
  store.channels = [{ id: "2", name: "art", type: 0, nsfw: true }];
  assert.equal(actionOnSend("/grown").kind, "run");
});

test("text without a slash is sent as a message, with mentions and emoji encoded", () => {
  assert.deepEqual(actionOnSend("hi @Rin in #art :wave: 12:30"), {
    kind: "send",
    content: "hi <@1> in <#2> <:wave:7> 12:30",
  });
  assert.equal(encodeMentions("#nowhere <:wave:7>"), "#nowhere <:wave:7>");
  assert.equal(actionOnSend("x".repeat(2001)).kind, "refuse");
  assert.equal(actionOnSend("").kind, "nothing");
});

test("a pick keeps its value as long as its text stays in the box", () => {
  rememberPick(option("waifu", "like"), "a.png", "55");
  assert.deepEqual(actionOnSend("/waifu prompt: a like: a.png").values, { prompt: "a", like: "55" });
  assert.match(actionOnSend("/waifu prompt: a like: b.png").text, /is a file/);
  forgetPicks();
  assert.match(actionOnSend("/waifu prompt: a like: a.png").text, /is a file/);
});

test("autocomplete sends the other options as far as they can be read", () => {
  const parsed = parseDraft("/waifu prompt: a count: 2 cfg: much");
  assert.deepEqual(otherValues(parsed, parsed.args[0]), { count: 2, cfg: "much" });
});
