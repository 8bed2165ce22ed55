// Emoji: their pictures, their names in Discord's API, and the small palette.
/** @import { Emoji } from "./types.js" */
import { h, safeUrl } from "./dom.js";

/** The emoji of the palette; the first four are also the quick reactions. */
export const PALETTE = [
  ..."👍👎🎉😄😍🥰😂🤣😭😮😳🤔🙏👏🙌💪🔥💯💖💔💙💜🌸🌙🎨🖌🐱🐰🍓🍰👀🚀✅❌🔁🎲",
].filter((glyph) => glyph !== "\ufe0f");

/**
 * An emoji's name in Discord's API: with its id for a custom one, itself for another.
 * @param {Emoji} emoji
 */
export const emojiKey = (emoji) =>
  emoji.id ? `${emoji.name}:${emoji.id}` : (emoji.name ?? "");

/**
 * @param {Emoji} left
 * @param {Emoji} right
 */
export const sameEmoji = (left, right) =>
  left.id || right.id
    ? String(left.id) === String(right.id)
    : withoutSelector(left.name) === withoutSelector(right.name);

/** @param {string} [name] */
const withoutSelector = (name) => (name ?? "").replaceAll("\ufe0f", "");

/**
 * The picture of a custom emoji.
 * @param {Emoji} emoji
 */
export function emojiImage(emoji) {
  const url = safeUrl(emoji.url ?? `/cdn/emojis/${encodeURIComponent(emoji.id ?? "")}.png`);
  return h("img", {
    class: "emoji",
    src: url,
    alt: `:${emoji.name}:`,
    title: `:${emoji.name}:`,
    draggable: "false",
  });
}

/**
 * Any emoji as a node.
 * @param {Emoji} emoji
 */
export function emojiNode(emoji) {
  return emoji.id ? emojiImage(emoji) : h("span", { class: "glyph" }, emoji.name ?? "");
}

/**
 * Whether a message is only a few emoji, which are shown large.
 * @param {string} text
 */
export function isJumbo(text) {
  const rest = text.trim();
  return (
    rest.length > 0 &&
    rest.length < 60 &&
    /^(?:<a?:\w+:\d+>|\p{Extended_Pictographic}|\p{Emoji_Modifier}|\u200d|\ufe0f|\s){1,54}$/u.test(
      rest,
    )
  );
}
