// Avatars: a person's initial on their colour, or the bot's drawn face.
import { h } from "./dom.js";
import { botFace } from "./icons.js";
import { textColorOn } from "./ink.js";
import { person, store } from "./store.js";

/**
 * A round avatar for a user id (or a message's author object).
 * @param {any} user
 * @param {number} [size] in px
 */
export function avatar(user, size = 40) {
  const id = String(user.id);
  const style = { "--size": `${size}px` };
  if (id === store.bot.id) return h("span", { class: "avatar", style }, botFace());
  const persona = person(id);
  const name = persona?.name ?? user.global_name ?? user.username ?? user.name ?? "?";
  const color = persona?.avatar_color ?? "#6b6980";
  return h(
    "span",
    {
      class: "avatar",
      style: { ...style, "--color": color, "--ink": textColorOn(color) },
      "aria-hidden": "true",
    },
    [...name][0]?.toUpperCase() ?? "?",
  );
}
