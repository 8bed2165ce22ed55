// A picture over the whole page; Escape closes it, the arrows show its neighbours.
/** @import { Media } from "./types.js" */
import { bytesText, fill, h, iconButton, safeUrl } from "./dom.js";
import { icon } from "./icons.js";

/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

/**
 * Show `pictures[index]` large.
 * @param {Media[]} pictures
 * @param {number} index
 */
export function openLightbox(pictures, index) {
  let current = index;
  const stage = h("div", { class: "stage" });
  const bar = h("div", { class: "bar" });
  const dialog = h(
    "dialog",
    { class: "large", "aria-label": "Picture" },
    stage,
    bar,
    iconButton(icon("close"), "Close", () => dialog.close(), { class: "round close" }),
  );
  /** @param {number} offset */
  const step = (offset) => show((current + offset + pictures.length) % pictures.length);
  if (pictures.length > 1) {
    dialog.append(
      iconButton(icon("left"), "Previous picture", () => step(-1), { class: "round previous" }),
      iconButton(icon("right"), "Next picture", () => step(1), { class: "round next" }),
    );
  }
  /** @param {number} next */
  function show(next) {
    current = next;
    const url = safeUrl(pictures[current].url);
    const link = h("a", { href: url, target: "_blank", rel: "noreferrer" }, "Open original");
    fill(stage, largeImage(pictures[current], url));
    fill(bar, captionNode(pictures[current], current, pictures.length), link);
  }
  dialog.addEventListener("keydown", (event) => {
    const offset = STEPS[event.key];
    if (offset && pictures.length > 1) step(offset);
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === stage || event.target === dialog || event.target === bar) dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  show(current);
  dialog.showModal();
}

/**
 * @param {Media} picture
 * @param {string | null} url
 */
function largeImage(picture, url) {
  const tiny = picture.width && picture.width < 480;
  return h("img", {
    src: url,
    alt: picture.description ?? picture.filename ?? "",
    class: tiny ? "small" : "",
    width: picture.width,
    height: picture.height,
  });
}

/**
 * @param {Media} picture
 * @param {number} at
 * @param {number} total
 */
function captionNode(picture, at, total) {
  const size = picture.width ? ` · ${picture.width} × ${picture.height}` : "";
  const bytes = picture.size ? ` · ${bytesText(picture.size)}` : "";
  const position = total > 1 ? ` · ${at + 1} of ${total}` : "";
  return h(
    "span",
    {},
    `${picture.filename ?? "picture"}${size}${bytes}${position}`,
  );
}
