// Reaction pills and the palette to add one.
/** @import { Emoji, Message, Reaction } from "./types.js" */
import { api } from "./api.js";
import { all, fill, h, one } from "./dom.js";
import { emojiKey, emojiNode, PALETTE } from "./emoji.js";
import { icon } from "./icons.js";
import { close, popover } from "./popover.js";
import { guildEmojis, store } from "./store.js";
import { attempt } from "./toast.js";

/**
 * Add or remove my reaction.
 * @param {Message} message
 * @param {Emoji} emoji
 * @param {boolean} mine
 */
export function toggle(message, emoji, mine) {
  const body = {
    persona: store.persona,
    channel: message.channel_id,
    message_id: message.id,
    emoji: emojiKey(emoji),
  };
  return attempt(mine ? api.unreact(body) : api.react(body));
}

/**
 * The row of pills; patched in place so that a click never loses its button.
 * @param {HTMLElement} row
 * @param {Message} message
 */
export function patchReactions(row, message) {
  const list = message.reactions ?? [];
  row.hidden = list.length === 0;
  const known = new Map(
    all(row, "[data-reaction]", HTMLElement).map((pill) => [pill.dataset.reaction, pill]),
  );
  const wanted = list.map((entry) => {
    const pill = known.get(emojiKey(entry.emoji)) ?? newPill(entry.emoji);
    update(pill, message, entry);
    return pill;
  });
  if (list.length === 0) fill(row);
  else {
    const more = all(row, ".more", HTMLElement)[0] ?? addButton();
    more.onclick = () => pick(more, message);
    const next = [...wanted, more];
    if (next.length !== row.children.length || next.some((pill, at) => pill !== row.children[at]))
      fill(row, next);
  }
}

/** @param {Emoji} emoji */
function newPill(emoji) {
  return h(
    "button",
    { type: "button", class: "reaction", dataset: { reaction: emojiKey(emoji) } },
    emojiNode(emoji),
    h("span", { class: "number" }),
  );
}

/**
 * @param {HTMLElement} pill
 * @param {Message} message
 * @param {Reaction} entry
 */
function update(pill, message, { emoji, count, me }) {
  const number = one(pill, ".number", HTMLElement);
  if (number.textContent && number.textContent !== String(count)) {
    pill.classList.remove("pop");
    requestAnimationFrame(() => pill.classList.add("pop"));
  }
  number.textContent = String(count);
  pill.classList.toggle("me", me);
  pill.setAttribute("aria-pressed", String(me));
  pill.setAttribute(
    "aria-label",
    `${emoji.name}: ${count} ${count === 1 ? "reaction" : "reactions"}${me ? ", yours too" : ""}`,
  );
  pill.onclick = () => toggle(message, emoji, me);
}

function addButton() {
  return h(
    "button",
    {
      type: "button",
      class: "reaction more",
      "aria-label": "Add a reaction",
      title: "Add a reaction",
    },
    icon("react"),
  );
}

/**
 * Open the palette at `anchor`; the picked emoji becomes my reaction.
 * @param {HTMLElement} anchor
 * @param {Message} message
 */
export function pick(anchor, message) {
  palette(anchor, (emoji) => toggle(message, emoji, false));
}

/**
 * Open the palette at `anchor` and pass on the picked emoji.
 * @param {HTMLElement} anchor
 * @param {(emoji: Emoji) => void} picked
 */
export function palette(anchor, picked) {
  /**
   * @param {Emoji} emoji
   * @param {string} label
   */
  const cell = (emoji, label) =>
    h(
      "button",
      {
        type: "button",
        "aria-label": label,
        title: label,
        dataset: { emoji: emojiKey(emoji) },
        onclick: () => {
          close(true);
          picked(emoji);
        },
      },
      emojiNode(emoji),
    );
  const custom = guildEmojis().map((emoji) =>
    cell({ ...emoji, id: String(emoji.id) }, `:${emoji.name}:`),
  );
  popover(
    anchor,
    h(
      "div",
      { class: "palette" },
      custom.length ? [h("h4", {}, store.guild.name), h("div", { class: "grid" }, custom)] : null,
      h("h4", {}, "Emoji"),
      h(
        "div",
        { class: "grid" },
        PALETTE.map((name) => cell({ name }, name)),
      ),
    ),
    { label: "Pick an emoji" },
  );
}
