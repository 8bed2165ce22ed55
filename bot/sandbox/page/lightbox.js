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
export function lightbox(pictures, index) {
  let at = index;
  const stage = h("div", { class: "stage" });
  const bar = h("div", { class: "bar" });
  const dialog = h(
    "dialog",
    { class: "large", "aria-label": "Picture" },
    stage,
    bar,
    iconButton(icon("close"), "Close", () => dialog.close(), { class: "round close" }),
  );
  /** @param {number} by */
  const step = (by) => show((at + by + pictures.length) % pictures.length);
  if (pictures.length > 1) {
    dialog.append(
      iconButton(icon("left"), "Previous picture", () => step(-1), { class: "round previous" }),
      iconButton(icon("right"), "Next picture", () => step(1), { class: "round next" }),
    );
  }
  /** @param {number} next */
  function show(next) {
    at = next;
    const url = safeUrl(pictures[at].url);
    const link = h("a", { href: url, target: "_blank", rel: "noreferrer" }, "Open original");
    fill(stage, large(pictures[at], url));
    fill(bar, caption(pictures[at], at, pictures.length), link);
  }
  dialog.addEventListener("keydown", (event) => {
    const by = STEPS[event.key];
    if (by && pictures.length > 1) step(by);
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === stage || event.target === dialog || event.target === bar) dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  show(at);
  dialog.showModal();
}

/**
 * @param {Media} picture
 * @param {string | null} url
 */
function large(picture, url) {
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
function caption(picture, at, total) {
  const size = picture.width ? ` · ${picture.width} × ${picture.height}` : "";
  const place = total > 1 ? ` · ${at + 1} of ${total}` : "";
  return h(
    "span",
    {},
    `${picture.filename ?? "picture"}${size}${picture.size ? ` · ${bytesText(picture.size)}` : ""}${place}`,
  );
}
