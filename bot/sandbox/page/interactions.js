// Interactions that the bot has not answered yet: commands show a line, buttons a spinner.
/** @import { Message } from "./types.js" */
import { avatar } from "./avatar.js";
import { byId, h } from "./dom.js";
import { icon } from "./icons.js";
import { emit, me, on, store } from "./store.js";

const PATIENCE_MS = 3600;
const SHOW_AFTER_MS = 120;
/**
 * @typedef {{
 *   kind: "command" | "component", name?: string, slash?: boolean, channel?: string | null,
 *   message?: Message, done?: () => void,
 * }} Asked
 * @typedef {Asked & {
 *   nonce: string, timer: ReturnType<typeof setTimeout>, shower?: ReturnType<typeof setTimeout>,
 *   line?: HTMLElement, failed?: boolean, sent?: boolean,
 * }} Waiting
 */

/** @type {Map<string, Waiting>} */
const waiting = new Map();

/**
 * Wait for the answer to `nonce`. A command has {kind, name, channel}; a component {kind, message, done}.
 * @param {string} nonce
 * @param {Asked} asked
 */
export function expect(nonce, asked) {
  /** @type {Waiting} */
  const entry = { ...asked, nonce, timer: setTimeout(() => settle(nonce, "failed"), PATIENCE_MS) };
  waiting.set(nonce, entry);
  if (entry.kind !== "command") return;
  for (const old of [...waiting.values()]) if (old.failed && old.line) drop(old);
  emit("asked");
  entry.shower = setTimeout(() => show(entry, "Sending command…"), SHOW_AFTER_MS);
}

/**
 * Stop waiting for this nonce: no answer will come.
 * @param {string} nonce
 */
export function forget(nonce) {
  settle(nonce, "acknowledged");
}

/**
 * @param {string} nonce
 * @param {string} state
 * @param {string} [text]
 */
function settle(nonce, state, text) {
  const entry = waiting.get(nonce);
  if (!entry) return;
  if (state === "sent") {
    if (entry.line) show(entry, "is thinking…");
    else entry.sent = true;
    return;
  }
  clearTimeout(entry.timer);
  clearTimeout(entry.shower);
  entry.done?.();
  if (state === "acknowledged") {
    waiting.delete(nonce);
    entry.line?.remove();
    if (entry.failed) emit("component-failed", { id: entry.message?.id, text: null });
  } else fail(entry, text);
}

/**
 * @param {Waiting} entry
 * @param {string} [text]
 */
function fail(entry, text) {
  entry.failed = true;
  if (entry.kind === "command") show(entry, "", text || "The application did not respond");
  else emit("component-failed", { id: entry.message?.id, text: text || "This interaction failed" });
}

/**
 * @param {Waiting} entry
 * @param {string} doing
 * @param {string} [failure]
 */
function show(entry, doing, failure) {
  if (entry.channel !== store.active) return;
  const words = entry.sent && !failure ? "is thinking…" : doing;
  const line = h(
    "div",
    { class: "message first has-lead", role: "status" },
    avatar(store.bot),
    h(
      "div",
      { class: "lead" },
      avatar(me() ?? { id: "" }, 17),
      h("b", {}, me()?.name),
      " used ",
      h("span", { class: "used" }, entry.slash === false ? entry.name : `/${entry.name}`),
    ),
    h(
      "div",
      { class: "byline" },
      h("span", { class: "name" }, store.bot.name),
      h("span", { class: "badge" }, "App"),
    ),
    failure
      ? h("div", { class: "failed" }, icon("alert"), h("span", {}, failure), dismissButton(entry))
      : h(
          "div",
          { class: "thinking" },
          h("span", { class: "dots" }, h("i"), h("i"), h("i")),
          words === "is thinking…" ? `${store.bot.name} is thinking…` : words,
        ),
  );
  if (entry.line) entry.line.replaceWith(line);
  else byId("pending").append(line);
  entry.line = line;
  emit("grown");
}

/** @param {Waiting} entry */
function dismissButton(entry) {
  return h("button", { type: "button", onclick: () => drop(entry) }, "Dismiss");
}

/** @param {Waiting} entry */
function drop(entry) {
  waiting.delete(entry.nonce);
  entry.line?.remove();
}

/** Hide what is waiting, after a change of channel or person. */
export function clearWaiting() {
  for (const entry of waiting.values()) {
    clearTimeout(entry.timer);
    clearTimeout(entry.shower);
    entry.line?.remove();
  }
  waiting.clear();
}

on("interaction", ({ nonce, state, message }) => settle(String(nonce), state, message));
