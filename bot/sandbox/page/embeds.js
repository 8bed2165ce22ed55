// The framed cards that bots send: title, text, fields, pictures, footer.
/** @import { Child } from "./dom.js" */
/** @import { Media } from "./types.js" */
import { displayedSize, showPicture } from "./attachments.js";
import { h, safeUrl } from "./dom.js";
import { openLightbox } from "./lightbox.js";
import { markdown } from "./markdown.js";
import { names } from "./store.js";
import { dayAndTime } from "./time.js";

/** The class of a cell, by the number of cells in its line. @type {Record<number, string>} */
const WIDTHS = { 2: "half", 3: "third" };

/**
 * One embed as an element.
 * @param {any} data
 */
export function embedElement(data) {
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
        smallIcon(data.author.icon_url),
        linkNode(data.author.url, data.author.name),
      ),
    data.title && h("h4", {}, linkNode(data.url, markdown(data.title, names))),
    data.description && h("div", { class: "content" }, markdown(data.description, names)),
    data.fields?.length ? h("dl", { class: "fields" }, fields(data.fields)) : null,
    thumbnail(data.thumbnail),
    image(data.image),
    footer(data),
  );
}

/**
 * @param {string | null | undefined} url
 * @param {Child} children
 */
function linkNode(url, children) {
  const href = url && safeUrl(url);
  return href
    ? h("a", { href, target: "_blank", rel: "noreferrer noopener" }, children)
    : h("span", {}, children);
}

/** @param {string | null | undefined} url */
function smallIcon(url) {
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
  for (let start = 0; start < list.length;) {
    let end = start;
    while (end < list.length && list[end].inline && end - start < 3) end += 1;
    const length = end - start;
    const row = list.slice(start, Math.max(end, start + 1));
    cells.push(
      ...row.map((field) =>
        h(
          "div",
          { class: WIDTHS[length] ?? "" },
          h("dt", {}, markdown(field.name, names)),
          h("dd", { class: "content" }, markdown(field.value, names)),
        ),
      ),
    );
    start += row.length;
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
  const { width_px, ratio } = displayedSize(data);
  const cell = h(
    "button",
    { type: "button", class: "attachment", style: { "--w": `${width_px}px`, "--ratio": ratio } },
    h("img", { alt: "" }),
  );
  showPicture(cell, { filename: "image", ...data }, () => openLightbox([data], 0));
  return cell;
}

/** @param {any} data */
function footer(data) {
  const time = data.timestamp ? dayAndTime(new Date(data.timestamp)) : null;
  const parts = [data.footer?.text, time].filter(Boolean).join(" • ");
  return parts ? h("footer", { class: "foot" }, smallIcon(data.footer?.icon_url), parts) : null;
}
