// The list of messages of the open channel: order, groups, days, and scroll position.
/** @import { Message } from "./types.js" */
import { all, byId, fill, h } from "./dom.js";
import { face, icon } from "./icons.js";
import { plainText } from "./markdown.js";
import { messageItem, nameOf, patch, showFailure } from "./message.js";
import { channel, isEphemeral, names, on, store } from "./store.js";
import { day, sameDay } from "./time.js";

const GROUP_MS = 7 * 60_000;
const NEAR_PX = 90;
const EXAMPLE = "/waifu prompt: cat girl, pink hair, twintails, cherry blossoms count: 4";
/** @type {Map<string, HTMLLIElement>} */
const items = new Map();
let stuck = true;
let missed = 0;
let lastTop = 0;
let lastHeight = 0;
let planned = false;
/** @type {(text: string) => void} */
let fillComposer = () => {};

/**
 * Set the page's timeline up. `typeExample(text)` puts a text into the composer.
 * @param {(text: string) => void} typeExample
 */
export function startTimeline(typeExample) {
  fillComposer = typeExample;
  const scroller = byId("timeline");
  scroller.addEventListener(
    "scroll",
    () => {
      // Only a person scrolls up; the browser adjusts when content grows or shrinks.
      const { scrollTop, scrollHeight, clientHeight } = scroller;
      const near = scrollHeight - scrollTop - clientHeight < NEAR_PX;
      if (near || (scrollHeight === lastHeight && scrollTop < lastTop - 1)) stuck = near;
      [lastTop, lastHeight] = [scrollTop, scrollHeight];
      if (stuck) missed = 0;
      showJump();
    },
    { passive: true },
  );
  const follow = new ResizeObserver(() => stick());
  follow.observe(byId("messages"));
  follow.observe(scroller);
  byId("jump").addEventListener("click", toBottom);
  on("messages", ({ channel: id, kind, id: messageId }) => {
    if (id !== store.active) return;
    const message = store.messages.get(id)?.get(messageId);
    if (kind === "new" && message) arrived(message);
    plan();
  });
  on("grown", stick);
  on("asked", toBottom);
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
  missed = 0;
  stuck = true;
  refresh();
  toBottom();
}

/** @param {Message} message */
function arrived(message) {
  // My own messages, and private answers to me, are always brought into view.
  if (message.author?.id === store.persona || isEphemeral(message)) stuck = true;
  else if (!stuck) missed += 1;
  const item = messageItem(message);
  item.classList.add("fresh");
  items.set(message.id, item);
  if (message.author?.id !== store.persona) announce(message);
}

/** @param {Message} message */
function announce(message) {
  const picture = message.attachments?.length ? " (with a picture)" : "";
  const secret = isEphemeral(message) ? " (only you can see this)" : "";
  byId("live").textContent =
    `${nameOf(message.author)}: ${plainText(message.content, names).slice(0, 240)}${picture}${secret}`;
}

// Show several changes of one turn together.
function plan() {
  if (planned) return;
  planned = true;
  queueMicrotask(() => {
    planned = false;
    refresh();
  });
}

function refresh() {
  const messages = [...(store.messages.get(store.active ?? "")?.values() ?? [])];
  const list = byId("messages");
  /** @type {HTMLElement[]} */
  const wanted = [];
  /** @type {Message | null} */
  let before = null;
  for (const message of messages) {
    const newDay = !before || !sameDay(new Date(before.timestamp), new Date(message.timestamp));
    if (newDay) wanted.push(dayItem(new Date(message.timestamp)));
    const item = items.get(message.id) ?? messageItem(message);
    items.set(message.id, item);
    patch(item, message, !before || newDay || startsGroup(before, message));
    wanted.push(item);
    before = message;
  }
  order(list, wanted);
  showStart(messages.length);
  stick();
  showJump();
}

/**
 * @param {HTMLElement} list
 * @param {HTMLElement[]} wanted
 */
function order(list, wanted) {
  /** @type {Set<Element>} */
  const keep = new Set(wanted);
  for (const child of [...list.children]) if (!keep.has(child)) child.remove();
  wanted.forEach((item, at) => {
    if (list.children[at] !== item) list.insertBefore(item, list.children[at] ?? null);
  });
  for (const [id, item] of items) if (!keep.has(item)) items.delete(id);
}

/** @param {Date} date */
function dayItem(date) {
  const key = `day-${date.toDateString()}`;
  const [known] = all(byId("messages"), `[data-day="${key}"]`, HTMLElement);
  return known ?? h("li", { class: "day", dataset: { day: key } }, day(date));
}

/**
 * @param {Message} before
 * @param {Message} message
 */
function startsGroup(before, message) {
  if (before.author?.id !== message.author?.id) return true;
  if (message.interaction || message.interaction_metadata?.name || message.message_reference)
    return true;
  if (isEphemeral(before) !== isEphemeral(message)) return true;
  return Date.parse(message.timestamp) - Date.parse(before.timestamp) > GROUP_MS;
}

/** @param {number} count */
function showStart(count) {
  const place = channel();
  const start = byId("start");
  const key = `${place?.id} ${place?.name} ${count === 0} ${count >= 100}`;
  if (!place || start.dataset.key === key) return;
  start.dataset.key = key;
  start.hidden = count >= 100;
  fill(
    start,
    h(
      "div",
      { class: "welcome" },
      h("div", { class: "art" }, face()),
      h("h3", {}, `Welcome to #${place.name}`),
      h("p", {}, place.topic || "This is the beginning of the channel."),
      // If the bot cannot see the channel, its command would only be refused.
      count === 0 && place.bot_sees !== false && hint(),
    ),
  );
}

function hint() {
  return h(
    "button",
    { type: "button", class: "hint", onclick: () => fillComposer(EXAMPLE) },
    icon("brush"),
    h(
      "span",
      {},
      h("small", {}, "Nothing here yet. Try"),
      h("code", {}, h("b", {}, "/waifu prompt:"), EXAMPLE.slice("/waifu prompt:".length)),
    ),
  );
}

function stick() {
  const scroller = byId("timeline");
  if (stuck) scroller.scrollTop = scroller.scrollHeight;
}

function toBottom() {
  stuck = true;
  missed = 0;
  stick();
  showJump();
}

function showJump() {
  const jump = byId("jump");
  jump.hidden = stuck;
  jump.textContent = missed
    ? `${missed} new ${missed === 1 ? "message" : "messages"} ↓`
    : "Jump to present ↓";
}
