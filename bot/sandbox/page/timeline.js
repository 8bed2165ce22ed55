// The list of messages of the open channel: order, groups, days, and scroll position.
/** @import { Message } from "./types.js" */
import { findAll, byId, fill, h } from "./dom.js";
import { botFace, icon } from "./icons.js";
import { plainText } from "./markdown.js";
import { messageItem, displayName, patchMessage, showFailure } from "./message.js";
import { channel, isEphemeral, names, on, store } from "./store.js";
import { dateText, sameDay } from "./time.js";

const GROUP_MS = 7 * 60_000;
const NEAR_END_PX = 90;
const EXAMPLE = "/waifu prompt: cat girl, pink hair, twintails, cherry blossoms count: 4";
/** @type {Map<string, HTMLLIElement>} */
const items = new Map();
let isFollowing = true;
let unseenCount = 0;
let lastScrollTop = 0;
let lastScrollHeight = 0;
let isRefreshPlanned = false;
/** @type {(text: string) => void} */
let setComposerText = () => {};

/**
 * Set up the page's timeline. `typeExample(text)` puts a text into the composer.
 * @param {(text: string) => void} typeExample
 */
export function startTimeline(typeExample) {
  setComposerText = typeExample;
  const scroller = byId("timeline");
  scroller.addEventListener(
    "scroll",
    () => {
      // Only a person scrolls up; the browser also scrolls when content grows or shrinks.
      const { scrollTop, scrollHeight, clientHeight } = scroller;
      const isNearEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
      const scrolledUp = scrollHeight === lastScrollHeight && scrollTop < lastScrollTop - 1;
      if (isNearEnd || scrolledUp) isFollowing = isNearEnd;
      [lastScrollTop, lastScrollHeight] = [scrollTop, scrollHeight];
      if (isFollowing) unseenCount = 0;
      showJump();
    },
    { passive: true },
  );
  const sizeObserver = new ResizeObserver(() => followEnd());
  sizeObserver.observe(byId("messages"));
  sizeObserver.observe(scroller);
  byId("jump").addEventListener("click", jumpToEnd);
  on("messages", ({ channel: id, kind, id: messageId }) => {
    if (id !== store.active) return;
    const message = store.messages.get(id)?.get(messageId);
    if (kind === "new" && message) addNewMessage(message);
    planRefresh();
  });
  on("content-grown", followEnd);
  on("command-sent", jumpToEnd);
  on("component-failed", ({ id, text }) => {
    const item = items.get(id);
    if (item) showFailure(item, text);
  });
}

/** Start over at the bottom, for another channel (or person). */
export function resetTimeline() {
  items.clear();
  fill(byId("messages"));
  fill(byId("pending"));
  unseenCount = 0;
  isFollowing = true;
  refresh();
  jumpToEnd();
}

/** @param {Message} message */
function addNewMessage(message) {
  // Always scroll to my own messages and to private answers to me.
  if (message.author?.id === store.persona || isEphemeral(message)) isFollowing = true;
  else if (!isFollowing) unseenCount += 1;
  const item = messageItem(message);
  item.classList.add("fresh");
  items.set(message.id, item);
  if (message.author?.id !== store.persona) announce(message);
}

/** @param {Message} message */
function announce(message) {
  const picture = message.attachments?.length ? " (with a picture)" : "";
  const privacy = isEphemeral(message) ? " (only you can see this)" : "";
  const text = plainText(message.content, names).slice(0, 240);
  byId("live").textContent = `${displayName(message.author)}: ${text}${picture}${privacy}`;
}

// Draw all changes of one turn of the event loop together.
function planRefresh() {
  if (isRefreshPlanned) return;
  isRefreshPlanned = true;
  queueMicrotask(() => {
    isRefreshPlanned = false;
    refresh();
  });
}

function refresh() {
  const messages = [...(store.messages.get(store.active ?? "")?.values() ?? [])];
  const list = byId("messages");
  /** @type {HTMLElement[]} */
  const wanted = [];
  /** @type {Message | null} */
  let previous = null;
  for (const message of messages) {
    const newDay = !previous || !sameDay(new Date(previous.timestamp), new Date(message.timestamp));
    if (newDay) wanted.push(dayItem(new Date(message.timestamp)));
    const item = items.get(message.id) ?? messageItem(message);
    items.set(message.id, item);
    patchMessage(item, message, !previous || newDay || startsGroup(previous, message));
    wanted.push(item);
    previous = message;
  }
  reorder(list, wanted);
  showWelcome(messages.length);
  followEnd();
  showJump();
}

/**
 * @param {HTMLElement} list
 * @param {HTMLElement[]} wanted
 */
function reorder(list, wanted) {
  /** @type {Set<Element>} */
  const kept = new Set(wanted);
  for (const child of [...list.children]) if (!kept.has(child)) child.remove();
  wanted.forEach((item, at) => {
    if (list.children[at] !== item) list.insertBefore(item, list.children[at] ?? null);
  });
  for (const [id, item] of items) if (!kept.has(item)) items.delete(id);
}

/** @param {Date} date */
function dayItem(date) {
  const key = `day-${date.toDateString()}`;
  const [existing] = findAll(byId("messages"), `[data-day="${key}"]`, HTMLElement);
  return existing ?? h("li", { class: "day", dataset: { day: key } }, dateText(date));
}

/**
 * @param {Message} previous
 * @param {Message} message
 */
function startsGroup(previous, message) {
  if (previous.author?.id !== message.author?.id) return true;
  if (message.interaction || message.interaction_metadata?.name || message.message_reference)
    return true;
  if (isEphemeral(previous) !== isEphemeral(message)) return true;
  return Date.parse(message.timestamp) - Date.parse(previous.timestamp) > GROUP_MS;
}

/** @param {number} count */
function showWelcome(count) {
  const current = channel();
  const start = byId("start");
  const key = `${current?.id} ${current?.name} ${count === 0} ${count >= 100}`;
  if (!current || start.dataset.key === key) return;
  start.dataset.key = key;
  start.hidden = count >= 100;
  fill(
    start,
    h(
      "div",
      { class: "welcome" },
      h("div", { class: "art" }, botFace()),
      h("h3", {}, `Welcome to #${current.name}`),
      h("p", {}, current.topic || "This is the beginning of the channel."),
      // If the bot cannot see the channel, it would refuse the command.
      count === 0 && current.bot_sees !== false && exampleButton(),
    ),
  );
}

function exampleButton() {
  return h(
    "button",
    { type: "button", class: "hint", onclick: () => setComposerText(EXAMPLE) },
    icon("brush"),
    h(
      "span",
      {},
      h("small", {}, "Nothing here yet. Try"),
      h("code", {}, h("b", {}, "/waifu prompt:"), EXAMPLE.slice("/waifu prompt:".length)),
    ),
  );
}

function followEnd() {
  const scroller = byId("timeline");
  if (isFollowing) scroller.scrollTop = scroller.scrollHeight;
}

function jumpToEnd() {
  isFollowing = true;
  unseenCount = 0;
  followEnd();
  showJump();
}

function showJump() {
  const jump = byId("jump");
  jump.hidden = isFollowing;
  jump.textContent = unseenCount
    ? `${unseenCount} new ${unseenCount === 1 ? "message" : "messages"} ↓`
    : "Jump to present ↓";
}
