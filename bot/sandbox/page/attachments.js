// Pictures and files of a message. A live edit keeps the layout: each box has its attachment's
// size, and a new picture is loaded before it replaces the old one.
/** @import { Media } from "./types.js" */
import { findAll, bytesText, fill, h, findOne, safeUrl } from "./dom.js";
import { icon } from "./icons.js";
import { openLightbox } from "./lightbox.js";

const MAX_WIDTH_PX = 480;
const MAX_HEIGHT_PX = 420;

/** @param {Media} file */
const isPicture = (file) =>
  (file.content_type?.startsWith("image/") ??
    /\.(png|jpe?g|webp|gif)$/i.test(file.filename ?? "")) &&
  file.content_type !== "image/svg+xml" &&
  safeUrl(file.url);

/**
 * Make `box` show these attachments.
 * @param {HTMLElement} box
 * @param {Media[]} list
 */
export function patchAttachments(box, list) {
  const pictures = list.filter(isPicture);
  const files = list.filter((file) => !isPicture(file));
  const oldCells = findAll(box, ":scope > .gallery > .attachment", HTMLElement);
  const cells = pictures.map((picture, at) => oldCells[at] ?? newCell());
  cells.forEach((cell, at) => showPicture(cell, pictures[at], () => openLightbox(pictures, at)));
  let [gallery] = findAll(box, ":scope > .gallery", HTMLElement);
  if (!pictures.length) gallery?.remove();
  else {
    gallery ??= h("div");
    gallery.className = `gallery ${pictures.length > 4 ? "many" : `n${pictures.length}`}`;
    sizeGallery(gallery, pictures);
    if (cells.length !== oldCells.length) fill(gallery, cells);
    if (!gallery.isConnected || gallery.parentNode !== box) box.prepend(gallery);
  }
  for (const row of box.querySelectorAll(":scope > .file")) row.remove();
  box.append(...files.map(fileRow));
  box.hidden = list.length === 0;
}

function newCell() {
  return h(
    "button",
    { type: "button", class: "attachment" },
    h("img", { alt: "", decoding: "async" }),
  );
}

/**
 * @param {HTMLElement} gallery
 * @param {Media[]} pictures
 */
function sizeGallery(gallery, pictures) {
  const { width_px, ratio } = displayedSize(pictures[0]);
  gallery.style.setProperty("--w", `${width_px}px`);
  gallery.style.setProperty("--ratio", ratio);
}

/**
 * The displayed size of a picture: small ones are enlarged, large ones shrunk to fit.
 * @param {Media} picture
 */
export function displayedSize({ width, height }) {
  if (!width || !height) return { width_px: MAX_WIDTH_PX, ratio: "auto" };
  const scale = Math.min(
    MAX_WIDTH_PX / width,
    MAX_HEIGHT_PX / height,
    Math.max(1, Math.min(4, 320 / width)),
  );
  return { width_px: Math.round(width * scale), ratio: `${width} / ${height}` };
}

/**
 * Show a picture in a cell (a button with an img), which never flashes empty.
 * @param {HTMLElement} cell
 * @param {Media} picture
 * @param {() => void} onOpen
 */
export function showPicture(cell, picture, onOpen) {
  const image = findOne(cell, "img", HTMLImageElement);
  const url = safeUrl(picture.proxy_url ?? picture.url) ?? "";
  const isCovered = picture.filename?.startsWith("SPOILER_") && cell.dataset.opened !== url;
  cell.classList.toggle("covered", Boolean(isCovered));
  image.alt = picture.description ?? picture.filename ?? "Picture";
  cell.setAttribute(
    "aria-label",
    isCovered ? "Spoiler: show the picture" : `Open large: ${image.alt}`,
  );
  cell.onclick = () => {
    if (!isCovered) return onOpen();
    cell.dataset.opened = url;
    return showPicture(cell, picture, onOpen);
  };
  if (cell.dataset.url === url) return;
  cell.dataset.url = url;
  if (!image.getAttribute("src")) image.src = url;
  else swapImage(cell, image, url);
}

/**
 * @param {HTMLElement} cell
 * @param {HTMLImageElement} image
 * @param {string} url
 */
async function swapImage(cell, image, url) {
  const next = new Image();
  next.src = url;
  await next.decode().catch(() => {});
  if (cell.dataset.url === url) image.src = url;
}

/**
 * A file other than a picture, with its name and size.
 * @param {Media} file
 */
export function fileRow(file) {
  const url = safeUrl(file.url);
  const name = file.filename ?? "file";
  return h(
    "div",
    { class: "file" },
    icon("file"),
    h(
      "span",
      {},
      url ? h("a", { href: url, target: "_blank", rel: "noreferrer", download: name }, name) : name,
      h("small", {}, bytesText(file.size ?? 0)),
    ),
    url &&
      h(
        "a",
        {
          class: "icon-button",
          href: url,
          download: name,
          target: "_blank",
          "aria-label": `Download ${name}`,
          title: "Download",
        },
        icon("download"),
      ),
  );
}
