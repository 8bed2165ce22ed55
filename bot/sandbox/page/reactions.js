// Reaction pills and the palette to add one.
/** @import { Emoji, Message, Reaction } from "./types.js" */
import { api } from "./api.js";
import { findAll, fill, h, findOne } from "./dom.js";
import { emojiKey, emojiNode, PALETTE } from "./emoji.js";
import { icon } from "./icons.js";
import { closePopover, openPopover } from "./popover.js";
import { guildEmojis, store } from "./store.js";
import { attempt } from "./toast.js";

/**
 * Add or remove my reaction.
 * @param {Message} message
 * @param {Emoji} emoji
 * @param {boolean} mine
 */
export function toggleReaction(message, emoji, mine) {
  const body = {
    persona: store.persona,
    channel: message.channel_id,
    message_id: message.id,
    emoji: emojiKey(emoji),
  };
  return attempt(mine ? api.unreact(body) : api.react(body));
}

/**
 * Update the row of pills in place, so that a click never loses its button.
 * @param {HTMLElement} row
 * @param {Message} message
 */
export function patchReactions(row, message) {
  const list = message.reactions ?? [];
  row.hidden = list.length === 0;
  const pills = new Map(
    findAll(row, "[data-reaction]", HTMLElement).map((pill) => [pill.dataset.reaction, pill]),
  );
  const wanted = list.map((entry) => {
    const pill = pills.get(emojiKey(entry.emoji)) ?? newPill(entry.emoji);
    updatePill(pill, message, entry);
    return pill;
  });
  if (list.length === 0) fill(row);
  else {
    const addPill = findAll(row, ".more", HTMLElement)[0] ?? newAddPill();
    addPill.onclick = () => pickReaction(addPill, message);
    const next = [...wanted, addPill];
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
function updatePill(pill, message, { emoji, count, me }) {
  const number = findOne(pill, ".number", HTMLElement);
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
  pill.onclick = () => toggleReaction(message, emoji, me);
}

function newAddPill() {
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
export function pickReaction(anchor, message) {
  openPalette(anchor, (emoji) => toggleReaction(message, emoji, false));
}

/**
 * Open the palette at `anchor`, and pass the picked emoji to `onPick`.
 * @param {HTMLElement} anchor
 * @param {(emoji: Emoji) => void} onPick
 */
export function openPalette(anchor, onPick) {
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
          closePopover(true);
          onPick(emoji);
        },
      },
      emojiNode(emoji),
    );
  const custom = guildEmojis().map((emoji) =>
    cell({ ...emoji, id: String(emoji.id) }, `:${emoji.name}:`),
  );
  openPopover(
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
