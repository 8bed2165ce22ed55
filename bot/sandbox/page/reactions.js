// Reaction pills and the palette to add one.
import { api } from "./api.js";
import { fill, h } from "./dom.js";
import { emojiKey, emojiNode, PALETTE } from "./emoji.js";
import { icon } from "./icons.js";
import { close, popover } from "./popover.js";
import { guildEmojis, store } from "./store.js";
import { attempt } from "./toast.js";

/** Give or take back my reaction. */
export function toggle(message, emoji, mine) {
  const body = {
    persona: store.persona,
    channel: message.channel_id,
    message_id: message.id,
    emoji: emojiKey(emoji),
  };
  return attempt(mine ? api.unreact(body) : api.react(body));
}

/** The row of pills; patched in place so that a click never loses its button. */
export function patchReactions(row, message) {
  const list = message.reactions ?? [];
  row.hidden = list.length === 0;
  const known = new Map(
    [...row.querySelectorAll("[data-reaction]")].map((pill) => [pill.dataset.reaction, pill]),
  );
  const wanted = list.map((entry) => {
    const pill = known.get(emojiKey(entry.emoji)) ?? newPill(entry.emoji);
    update(pill, message, entry);
    return pill;
  });
  if (list.length === 0) fill(row);
  else {
    const more = row.querySelector(".more") ?? addButton();
    more.onclick = () => pick(more, message);
    const next = [...wanted, more];
    if (next.length !== row.children.length || next.some((one, at) => one !== row.children[at]))
      fill(row, next);
  }
}

function newPill(emoji) {
  return h(
    "button",
    { type: "button", class: "reaction", dataset: { reaction: emojiKey(emoji) } },
    emojiNode(emoji),
    h("span", { class: "number" }),
  );
}

function update(pill, message, { emoji, count, me }) {
  const number = pill.querySelector(".number");
  if (number.textContent && number.textContent !== String(count)) {
    pill.classList.remove("pop");
    requestAnimationFrame(() => pill.classList.add("pop"));
  }
  number.textContent = count;
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

/** Open the palette at `anchor`; what is picked becomes my reaction. */
export function pick(anchor, message) {
  palette(anchor, (emoji) => toggle(message, emoji, false));
}

/** Open the palette at `anchor` and hand on what is picked. */
export function palette(anchor, picked) {
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
