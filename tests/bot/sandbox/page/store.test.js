import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import {
  dismiss,
  collectMessages,
  applyEvent,
  isAdultsOnly,
  names,
  on,
  store,
  applyMessages,
  applyState,
  typingNames,
} from "../../../../bot/sandbox/page/store.js";

const message = (id, more = {}) => ({
  id,
  channel_id: "10",
  author: { id: "2" },
  content: id,
  flags: 0,
  mentions: [],
  ...more,
});
const shown = () => [...store.messages.get("10").values()].map((one) => one.content);
const events = [];
for (const type of ["messages", "channels", "commands-changed"]) on(type, (detail) => events.push([type, detail]));
globalThis.document = { hidden: false };

beforeEach(() => {
  events.length = 0;
  store.messages.clear();
  store.unread.clear();
  store.typing.clear();
  applyState({
    personas: [{ id: 1, name: "Rin", role: "member" }],
    others: [{ id: "2", name: "Haru" }],
    bot: { id: 9, name: "Bot" },
    guild: { id: "8", name: "G" },
    channels: [
      { id: 10, name: "art", type: 0 },
      { id: 11, name: "Studio", type: 4 },
      { id: 12, name: "late", type: 0, nsfw: true },
      { id: 13, name: "thread", type: 11, parent_id: 12 },
    ],
  });
  store.persona = "1";
  store.active = "10";
  collectMessages("10");
});

test("ids are strings, and categories are not channels", () => {
  assert.deepEqual(store.personas.map((one) => one.id), ["1"]);
  assert.deepEqual(store.channels.map((one) => one.id), ["10", "12", "13"]);
  assert.deepEqual(store.categories.map((one) => one.name), ["Studio"]);
});

test("messages are ordered by id, whenever they arrive", () => {
  for (const id of ["9", "11", "10"]) applyEvent("MESSAGE_CREATE", message(id));
  assert.deepEqual(shown(), ["9", "10", "11"], "by number, not by letter");
});

test("an edit changes the fields it names and keeps the rest", () => {
  applyEvent("MESSAGE_CREATE", message("5", { embeds: [1] }));
  applyEvent("MESSAGE_UPDATE", { id: "5", channel_id: "10", content: "new" });
  const now = store.messages.get("10").get("5");
  assert.deepEqual([now.content, now.embeds], ["new", [1]]);
  assert.deepEqual(events.filter(([type]) => type === "messages").map(([, one]) => one.kind), ["new", "changed"]);
});

test("an event received while the list was loading wins over the list", () => {
  applyEvent("MESSAGE_CREATE", message("6", { content: "edited" }));
  applyMessages("10", [message("4"), message("6", { content: "old" })], store.messages.get("10"));
  assert.deepEqual(shown(), ["4", "edited"]);
});

test("deleted and dismissed messages are gone", () => {
  for (const id of ["1", "2", "3", "4"]) applyEvent("MESSAGE_CREATE", message(id));
  applyEvent("MESSAGE_DELETE", { channel_id: "10", id: "1" });
  applyEvent("MESSAGE_DELETE_BULK", { channel_id: "10", ids: ["2", "99"] });
  dismiss(message("3"));
  assert.deepEqual(shown(), ["4"]);
});

test("a channel that is not open keeps no messages and is marked unread", () => {
  applyEvent("MESSAGE_CREATE", message("1", { channel_id: "12" }));
  assert.equal(store.messages.has("12"), false);
  assert.equal(store.unread.get("12"), 0);
  applyEvent("MESSAGE_CREATE", message("2", { channel_id: "12", mentions: [{ id: "1" }] }));
  assert.equal(store.unread.get("12"), 1);
  applyEvent("MESSAGE_CREATE", message("3", { channel_id: "12", author: { id: "1" } }));
  applyEvent("MESSAGE_CREATE", message("4"));
  assert.deepEqual([...store.unread], [["12", 1]], "neither my own messages nor the open channel");
});

test("reactions are counted up and down, and mine only once", () => {
  applyEvent("MESSAGE_CREATE", message("1"));
  const react = (step, user, name = "👍") =>
    applyEvent(`MESSAGE_REACTION_${step}`, { channel_id: "10", message_id: "1", user_id: user, emoji: { name } });
  const now = () => store.messages.get("10").get("1").reactions.map(({ count, me }) => [count, me]);
  react("ADD", "2");
  react("ADD", "1");
  react("ADD", "1");
  assert.deepEqual(now(), [[2, true]]);
  react("ADD", "2", "👍\ufe0f");
  assert.deepEqual(now(), [[3, true]], "the same emoji with and without its selector");
  react("REMOVE", "1");
  react("REMOVE", "1");
  assert.deepEqual(now(), [[2, false]]);
  react("REMOVE", "2");
  react("REMOVE", "2");
  assert.deepEqual(now(), []);
});

test("all reactions, or those of one emoji, can be removed at once", () => {
  const reactions = ["👍", "👎"].map((name) => ({ emoji: { name }, count: 2, me: false }));
  applyEvent("MESSAGE_CREATE", message("1", { reactions }));
  const names_ = () => store.messages.get("10").get("1").reactions.map((one) => one.emoji.name);
  applyEvent("MESSAGE_REACTION_REMOVE_EMOJI", { channel_id: "10", message_id: "1", emoji: { name: "👍" } });
  assert.deepEqual(names_(), ["👎"]);
  applyEvent("MESSAGE_REACTION_REMOVE_ALL", { channel_id: "10", message_id: "1" });
  assert.deepEqual(names_(), []);
});

test("typing members are named, but never oneself and not after their message", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  applyEvent("TYPING_START", { channel_id: "10", user_id: "1" });
  applyEvent("TYPING_START", { channel_id: "10", user_id: "2" });
  assert.deepEqual(typingNames(), ["Haru"]);
  applyEvent("MESSAGE_CREATE", message("1"));
  assert.deepEqual(typingNames(), []);
  applyEvent("TYPING_START", { channel_id: "10", user_id: "2" });
  context.mock.timers.tick(10_001);
  assert.deepEqual(typingNames(), []);
});

test("channels and threads are added, changed and removed", () => {
  applyEvent("CHANNEL_CREATE", { id: 20, name: "new", type: 0 });
  applyEvent("CHANNEL_UPDATE", { id: 20, name: "renamed", type: 0 });
  applyEvent("THREAD_CREATE", { id: 21, name: "t", type: 11, parent_id: "20" });
  applyEvent("CHANNEL_DELETE", { id: 10, type: 0 });
  applyEvent("CHANNEL_UPDATE", { id: 11, name: "Atelier", type: 4 });
  assert.deepEqual(store.channels.map((one) => one.name), ["late", "thread", "renamed", "t"]);
  assert.deepEqual(store.categories.map((one) => one.name), ["Atelier"]);
});

test("the gate of an age-restricted channel covers its threads", () => {
  assert.deepEqual(["10", "12", "13", "99"].map(isAdultsOnly), [false, true, true, false]);
});

test("unknown ids get names that say so", () => {
  assert.deepEqual([names.user("9"), names.user("2"), names.user("77")], ["Bot", "Haru", "unknown-user"]);
  assert.deepEqual([names.channel("11"), names.channel("77"), names.role("77")], ["Studio", "unknown", "deleted-role"]);
});

test("unknown events are ignored", () => {
  applyEvent("SOMETHING_NEW", { id: "1" });
  applyEvent("COMMANDS_UPDATE", {});
  assert.deepEqual(events, [["commands-changed", undefined]]);
});
