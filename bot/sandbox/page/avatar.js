// Faces: people get their initial on their colour, the bot its drawing.
import { h } from "./dom.js";
import { face } from "./icons.js";
import { inkOn } from "./ink.js";
import { person, store } from "./store.js";

/**
 * A round avatar for a user id (or a message's author object).
 * @param {any} user
 * @param {number} [size] in px
 */
export function avatar(user, size = 40) {
  const id = String(user.id);
  const style = { "--size": `${size}px` };
  if (id === store.bot.id) return h("span", { class: "avatar", style }, face());
  const persona = person(id);
  const name = persona?.name ?? user.global_name ?? user.username ?? user.name ?? "?";
  const color = persona?.avatar_color ?? "#6b6980";
  return h(
    "span",
    {
      class: "avatar",
      style: { ...style, "--color": color, "--ink": inkOn(color) },
      "aria-hidden": "true",
    },
    [...name][0]?.toUpperCase() ?? "?",
  );
}
