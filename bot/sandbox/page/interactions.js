// Interactions that the bot has not answered yet: a command shows a line, a button a spinner.
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
 * }} Expectation
 * @typedef {Expectation & {
 *   nonce: string, timer: ReturnType<typeof setTimeout>, showTimer?: ReturnType<typeof setTimeout>,
 *   line?: HTMLElement, failed?: boolean, sent?: boolean,
 * }} Waiting
 */

/** @type {Map<string, Waiting>} */
const waiting = new Map();

/**
 * Wait for the answer to `nonce`. A command has {kind, name, channel}, a component {kind, message,
 * done}.
 * @param {string} nonce
 * @param {Expectation} expectation
 */
export function expectAnswer(nonce, expectation) {
  /** @type {Waiting} */
  const entry = {
    ...expectation,
    nonce,
    timer: setTimeout(() => settle(nonce, "failed"), PATIENCE_MS),
  };
  waiting.set(nonce, entry);
  if (entry.kind !== "command") return;
  for (const old of [...waiting.values()]) if (old.failed && old.line) removeLine(old);
  emit("command-sent");
  entry.showTimer = setTimeout(() => showLine(entry, "Sending command…"), SHOW_AFTER_MS);
}

/**
 * Stop waiting for this nonce: no answer will come.
 * @param {string} nonce
 */
export function stopWaiting(nonce) {
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
    if (entry.line) showLine(entry, "is thinking…");
    else entry.sent = true;
    return;
  }
  clearTimeout(entry.timer);
  clearTimeout(entry.showTimer);
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
  if (entry.kind === "command") showLine(entry, "", text || "The application did not respond");
  else emit("component-failed", { id: entry.message?.id, text: text || "This interaction failed" });
}

/**
 * @param {Waiting} entry
 * @param {string} statusText
 * @param {string} [failure]
 */
function showLine(entry, statusText, failure) {
  if (entry.channel !== store.active) return;
  const text = entry.sent && !failure ? "is thinking…" : statusText;
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
          text === "is thinking…" ? `${store.bot.name} is thinking…` : text,
        ),
  );
  if (entry.line) entry.line.replaceWith(line);
  else byId("pending").append(line);
  entry.line = line;
  emit("content-grown");
}

/** @param {Waiting} entry */
function dismissButton(entry) {
  return h("button", { type: "button", onclick: () => removeLine(entry) }, "Dismiss");
}

/** @param {Waiting} entry */
function removeLine(entry) {
  waiting.delete(entry.nonce);
  entry.line?.remove();
}

/** Forget every pending interaction, after a change of channel or person. */
export function clearWaiting() {
  for (const entry of waiting.values()) {
    clearTimeout(entry.timer);
    clearTimeout(entry.showTimer);
    entry.line?.remove();
  }
  waiting.clear();
}

on("interaction", ({ nonce, state, message }) => settle(String(nonce), state, message));
