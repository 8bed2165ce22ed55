// Messages made of components (Discord's "Components V2"): text, sections, containers. Each
// function takes a component and `draw`, which makes an element from a nested one.
/** @import { Child } from "./dom.js" */
/** @import { Media, Part } from "./types.js" */
import { fileRow, patchAttachments } from "./attachments.js";
import { h, safeUrl } from "./dom.js";
import { markdown } from "./markdown.js";
import { names } from "./store.js";

const SECTION = 9;
const TEXT = 10;
const THUMBNAIL = 11;
const GALLERY = 12;
const FILE = 13;
const SEPARATOR = 14;
const CONTAINER = 17;

/** @param {Part} part */
const text = (part) => h("div", { class: "content" }, markdown(part.content ?? "", names));

/**
 * @param {Part} part
 * @param {(part: Part) => Child} draw makes an element from a nested component
 */
function section(part, draw) {
  return h(
    "div",
    { class: "section" },
    h("div", { class: "grow" }, (part.components ?? []).map(draw)),
    part.accessory && draw(part.accessory),
  );
}

/** @param {Part} part */
function thumbnail(part) {
  const src = safeUrl(part.media?.proxy_url ?? part.media?.url);
  return src ? h("img", { class: "thumb", src, alt: part.description ?? "" }) : null;
}

/** @param {Part} part */
function separator(part) {
  const line = (part.divider ?? true) ? "line" : "gap";
  return h("hr", { class: `${line} ${part.spacing === 2 ? "wide" : ""}` });
}

/**
 * @param {Part} part
 * @param {(part: Part) => Child} draw makes an element from a nested component
 */
function container(part, draw) {
  const stripe = Number.isInteger(part.accent_color)
    ? `#${part.accent_color.toString(16).padStart(6, "0")}`
    : null;
  return h(
    "div",
    { class: stripe ? "container striped" : "container", style: { "--stripe": stripe } },
    (part.components ?? []).map(draw),
  );
}

/**
 * @param {Media | undefined} media
 * @param {Record<string, any>} overrides
 * @returns {Media}
 */
const mediaFile = (media, overrides) => ({
  ...media,
  filename: (media?.url ?? "").split("/").at(-1),
  description: overrides.description,
  ...overrides,
});

/** @param {Part} part */
function gallery(part) {
  const box = h("div", { class: "attachments" });
  patchAttachments(
    box,
    (part.items ?? []).map((/** @type {any} */ item) => {
      const file = mediaFile(item.media, { description: item.description });
      return item.spoiler ? { ...file, filename: `SPOILER_${file.filename}` } : file;
    }),
  );
  return box;
}

/** @param {Part} part */
const file = (part) => fileRow(mediaFile(part.file, { size: part.size, filename: part.name }));

/**
 * How each kind of component is drawn.
 * @type {Record<number, (part: Part, draw: (part: Part) => Child) => Child>}
 */
export const LAYOUT = {
  [SECTION]: section,
  [TEXT]: text,
  [THUMBNAIL]: thumbnail,
  [GALLERY]: gallery,
  [FILE]: file,
  [SEPARATOR]: separator,
  [CONTAINER]: container,
};
