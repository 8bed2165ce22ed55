// The framed cards that bots send: title, text, fields, pictures, footer.
/** @import { Child } from "./dom.js" */
/** @import { Media } from "./types.js" */
import { boxOf, showPicture } from "./attachments.js";
import { h, safeUrl } from "./dom.js";
import { lightbox } from "./lightbox.js";
import { markdown } from "./markdown.js";
import { names } from "./store.js";
import { when } from "./time.js";

/** The class of a cell, by the number of cells in its line. @type {Record<number, string>} */
const WIDTHS = { 2: "half", 3: "third" };

/**
 * One embed as an element.
 * @param {any} data
 */
export function embed(data) {
  const stripe = Number.isInteger(data.color)
    ? `#${data.color.toString(16).padStart(6, "0")}`
    : null;
  return h(
    "article",
    { class: "embed", style: { "--stripe": stripe } },
    data.author?.name &&
      h(
        "div",
        { class: "by" },
        small(data.author.icon_url),
        linked(data.author.url, data.author.name),
      ),
    data.title && h("h4", {}, linked(data.url, markdown(data.title, names))),
    data.description && h("div", { class: "content" }, markdown(data.description, names)),
    data.fields?.length ? h("dl", { class: "fields" }, fields(data.fields)) : null,
    thumbnail(data.thumbnail),
    image(data.image),
    foot(data),
  );
}

/**
 * @param {string | null | undefined} url
 * @param {Child} children
 */
function linked(url, children) {
  const href = url && safeUrl(url);
  return href
    ? h("a", { href, target: "_blank", rel: "noreferrer noopener" }, children)
    : h("span", {}, children);
}

/** @param {string | null | undefined} url */
function small(url) {
  const src = url && safeUrl(url);
  return src ? h("img", { src, alt: "" }) : null;
}

/**
 * Neighbouring inline fields share a line: up to three of them.
 * @param {{ name: string, value: string, inline?: boolean }[]} list
 */
function fields(list) {
  /** @type {HTMLElement[]} */
  const cells = [];
  for (let at = 0; at < list.length;) {
    let end = at;
    while (end < list.length && list[end].inline && end - at < 3) end += 1;
    const size = end - at;
    const row = list.slice(at, Math.max(end, at + 1));
    cells.push(
      ...row.map((field) =>
        h(
          "div",
          { class: WIDTHS[size] ?? "" },
          h("dt", {}, markdown(field.name, names)),
          h("dd", { class: "content" }, markdown(field.value, names)),
        ),
      ),
    );
    at += row.length;
  }
  return cells;
}

/** @param {Media | undefined} data */
function thumbnail(data) {
  const src = data?.url && safeUrl(data.url);
  return src ? h("img", { class: "thumb", src, alt: data.description ?? "" }) : null;
}

/** @param {Media | undefined} data */
function image(data) {
  if (!data?.url || !safeUrl(data.url)) return null;
  const { width_px, ratio } = boxOf(data);
  const cell = h(
    "button",
    { type: "button", class: "attachment", style: { "--w": `${width_px}px`, "--ratio": ratio } },
    h("img", { alt: "" }),
  );
  showPicture(cell, { filename: "image", ...data }, () => lightbox([data], 0));
  return cell;
}

/** @param {any} data */
function foot(data) {
  const time = data.timestamp ? when(new Date(data.timestamp)) : null;
  const parts = [data.footer?.text, time].filter(Boolean).join(" • ");
  return parts ? h("footer", { class: "foot" }, small(data.footer?.icon_url), parts) : null;
}
