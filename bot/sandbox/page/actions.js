// The small bar over a message: react, apps (context-menu commands), delete.
import { api, newNonce } from "./api.js";
import { h, iconButton } from "./dom.js";
import { icon } from "./icons.js";
import { expect, forget } from "./interactions.js";
import { close, popover } from "./popover.js";
import { pick, toggle } from "./reactions.js";
import { dismiss, isEphemeral, isModerator, store } from "./store.js";
import { attempt, copyText } from "./toast.js";

const USER_COMMAND = 2;
const MESSAGE_COMMAND = 3;
const QUICK = ["👍", "👎"];

/** The bar of one message. */
export function messageActions(message, item) {
  if (isEphemeral(message))
    return h(
      "div",
      { class: "actions" },
      iconButton(icon("close"), "Dismiss message", () => dismiss(message)),
    );
  const mine = message.author.id === store.persona;
  return h(
    "div",
    { class: "actions", role: "group", "aria-label": "Message actions" },
    QUICK.map((name) =>
      iconButton(
        name,
        `React with ${name}`,
        () => toggle(current(message), { name }, isMine(message, name)),
        { class: "quick" },
      ),
    ),
    iconButton(icon("react"), "Add a reaction", (event) =>
      hold(item, () => pick(event.currentTarget, message)),
    ),
    iconButton(icon("more"), "Apps and more", (event) =>
      hold(item, () => menu(event.currentTarget, message)),
    ),
    (mine || isModerator()) &&
      iconButton(icon("trash"), "Delete message", () => erase(message), { class: "danger" }),
  );
}

const current = (message) => store.messages.get(message.channel_id)?.get(message.id) ?? message;

function isMine(message, name) {
  return Boolean(
    current(message).reactions?.some(
      (entry) => entry.emoji.name === name && !entry.emoji.id && entry.me,
    ),
  );
}

// The bar stays while its panel is open.
function hold(item, open) {
  open();
  item.classList.add("menu");
  const watch = new MutationObserver(() => {
    if (document.querySelector(".popover")) return;
    item.classList.remove("menu");
    watch.disconnect();
  });
  watch.observe(document.body, { childList: true });
}

function menu(anchor, message) {
  const commands = store.commands.filter((command) => command.type === MESSAGE_COMMAND);
  popover(
    anchor,
    h(
      "div",
      { class: "menu-list" },
      h("h4", {}, "Apps"),
      commands.length
        ? commands.map((command) => appButton(command, message.id))
        : h("p", {}, "The bot has no message commands."),
      h(
        "button",
        { type: "button", onclick: () => copy(message.id) },
        icon("link"),
        "Copy message ID",
      ),
    ),
    { label: "Apps and more" },
  );
}

/** What the bot offers for a person: their user commands. */
export function userMenu(anchor, user) {
  const commands = store.commands.filter((command) => command.type === USER_COMMAND);
  popover(
    anchor,
    h(
      "div",
      { class: "menu-list" },
      h("h4", {}, user.name),
      commands.map((command) => appButton(command, user.id)),
      h("button", { type: "button", onclick: () => copy(user.id) }, icon("link"), "Copy user ID"),
    ),
    { label: user.name },
  );
}

function appButton(command, target) {
  return h(
    "button",
    {
      type: "button",
      onclick: () => {
        close();
        runContext(command, target);
      },
    },
    icon("bolt"),
    command.name,
  );
}

async function runContext(command, target) {
  const nonce = newNonce();
  expect(nonce, { kind: "command", name: command.name, slash: false, channel: store.active });
  const answer = await attempt(
    api.context({
      persona: store.persona,
      channel: store.active,
      name: command.name,
      target_id: target,
      nonce,
    }),
  );
  if (!answer) forget(nonce);
}

function copy(text) {
  close();
  copyText(text);
}

function erase(message) {
  return attempt(
    api.erase({ persona: store.persona, channel: message.channel_id, message_id: message.id }),
  );
}
