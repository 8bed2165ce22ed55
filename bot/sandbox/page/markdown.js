// Discord's markdown as elements. Text in, nodes out; never HTML.
/** @import { Child } from "./dom.js" */
/** @import { Names } from "./types.js" */
import { h, iconButton, safeUrl } from "./dom.js";
import { emojiImage } from "./emoji.js";
import { icon } from "./icons.js";
import { timestampNode } from "./time.js";
import { copyText } from "./toast.js";

/**
 * @typedef {[RegExp, (match: RegExpExecArray, names: Names) => Child, "word"?]} Mark A pattern
 *   and its element; with "word" it does not apply inside a word.
 */

/** @type {Mark[]} */
const INLINE = [
  [/^\\([^A-Za-z0-9\s])/, (match) => match[1]],
  [/^(`+)([^`]|[^`].*?[^`])\1(?!`)/s, (match) => h("code", {}, match[2].trim() || match[2])],
  [
    /^\*\*\*(?=\S)(.+?)\*\*\*(?!\*)/s,
    (match, names) => h("strong", {}, h("em", {}, inlineNodes(match[1], names))),
  ],
  [
    /^\*\*(?=\S)((?:\\.|[^\\])+?)\*\*(?!\*)/s,
    (match, names) => h("strong", {}, inlineNodes(match[1], names)),
  ],
  [/^__((?:\\.|[^\\])+?)__(?!_)/s, (match, names) => h("u", {}, inlineNodes(match[1], names))],
  [
    /^\*(?=\S)((?:\*\*|\\.|[^\\*])+?)\*(?!\*)/s,
    (match, names) => h("em", {}, inlineNodes(match[1], names)),
  ],
  [
    /^_(?=\S)((?:__|\\.|[^\\_])+?)_(?![A-Za-z0-9_])/s,
    (match, names) => h("em", {}, inlineNodes(match[1], names)),
    "word",
  ],
  [/^~~(?=\S)(.+?)~~/s, (match, names) => h("s", {}, inlineNodes(match[1], names))],
  [/^\|\|(.+?)\|\|/s, (match, names) => spoilerNode(inlineNodes(match[1], names))],
  [
    /^<@!?(\d+)>/,
    (match, names) =>
      h("span", { class: "mention", dataset: { userId: match[1] } }, `@${names.user(match[1])}`),
  ],
  [/^<@&(\d+)>/, (match, names) => h("span", { class: "mention" }, `@${names.role(match[1])}`)],
  [/^<#(\d+)>/, (match, names) => channelMention(match[1], names)],
  [/^<\/([^:>]{1,98}):\d+>/, (match, names) => commandMention(match[1], names)],
  [/^<a?:(\w{2,32}):(\d+)>/, (match) => emojiImage({ id: match[2], name: match[1] })],
  [/^<t:(-?\d{1,13})(?::([tTdDfFR]))?>/, (match) => timestampNode(Number(match[1]), match[2])],
  [/^@(everyone|here)\b/, (match) => h("span", { class: "mention" }, match[0])],
  [
    /^\[([^\]\n]+)\]\(<?(https?:\/\/[^\s)>]+)>?\)/,
    (match, names) => linkNode(match[2], inlineNodes(match[1], names)),
  ],
  [/^<(https?:\/\/[^\s>]+)>/, (match) => linkNode(match[1], match[1])],
  [/^https?:\/\/[^\s<]+[^\s<.,:;"')\]*_~|]/, (match) => linkNode(match[0], match[0]), "word"],
];
const SPECIAL = /[\\`*_~|<@[h]/;

/**
 * @param {string} text
 * @param {Names} names
 */
function inlineNodes(text, names) {
  /** @type {Child[]} */
  const nodes = [];
  let plain = "";
  for (let at = 0; at < text.length;) {
    const mark = SPECIAL.test(text[at]) ? markAt(text, at) : null;
    if (mark) {
      if (plain) nodes.push(plain);
      plain = "";
      nodes.push(mark.make(names));
      at += mark.length;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  if (plain) nodes.push(plain);
  return nodes;
}

/**
 * @param {string} text
 * @param {number} at
 */
function markAt(text, at) {
  const rest = text.slice(at);
  for (const [pattern, make, where] of INLINE) {
    if (where === "word" && at > 0 && /\w/.test(text[at - 1])) continue;
    const match = pattern.exec(rest);
    if (!match) continue;
    return { length: match[0].length, make: (/** @type {Names} */ names) => make(match, names) };
  }
  return null;
}

/**
 * @param {string} url
 * @param {Child} children
 */
function linkNode(url, children) {
  const href = safeUrl(url);
  return href
    ? h("a", { href, target: "_blank", rel: "noreferrer noopener" }, children)
    : h("span", {}, children);
}

/** @param {Child[]} children */
function spoilerNode(children) {
  /** @param {any} event */
  const open = (event) => {
    if (event.type === "keydown" && !["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    const element = event.currentTarget;
    element.classList.add("open");
    for (const name of ["role", "tabindex", "aria-label"]) element.removeAttribute(name);
  };
  return h(
    "span",
    {
      class: "spoiler",
      role: "button",
      tabindex: "0",
      "aria-label": "Spoiler: show",
      onclick: open,
      onkeydown: open,
    },
    children.map((child) => (typeof child === "string" ? h("span", {}, child) : child)),
  );
}

/**
 * @param {string} id
 * @param {Names} names
 */
function channelMention(id, names) {
  return h(
    "button",
    { type: "button", class: "mention", onclick: () => names.openChannel(id) },
    `#${names.channel(id)}`,
  );
}

/**
 * @param {string} name
 * @param {Names} names
 */
function commandMention(name, names) {
  return h(
    "button",
    { type: "button", class: "mention", onclick: () => names.openCommand(name) },
    `/${name}`,
  );
}

const LIST = /^( *)(?:[-*]|(\d{1,9})\.) +(.*)$/;

/**
 * The nodes of one text. `names` resolves ids and opens channels and commands.
 * @param {string} text
 * @param {Names} names
 */
export function markdown(text, names) {
  /** @type {Child[]} */
  const nodes = [];
  const parts = text.split(/```/);
  for (let index = 0; index < parts.length; index += 1) {
    if (index % 2 && index < parts.length - 1) nodes.push(codeBlock(parts[index]));
    else {
      const hasNodes = nodes.length > 0;
      const open = index % 2 ? "```" : "";
      const piece = open + parts[index];
      nodes.push(...blockNodes(hasNodes ? piece.replace(/^\n/, "") : piece, names));
    }
  }
  return nodes;
}

/** @param {string} text */
function codeBlock(text) {
  const body = text.replace(/^[A-Za-z0-9+#.-]*\n/, "").replace(/^\n|\n$/g, "");
  const copy = iconButton(icon("copy"), "Copy", () => copyText(body), { class: "copy" });
  return h("pre", {}, h("code", {}, body), copy);
}

/**
 * @param {string} text
 * @param {Names} names
 */
function blockNodes(text, names) {
  /** @type {Child[]} */
  const nodes = [];
  const lines = text.split("\n");
  /** @type {string[]} */
  let plain = [];
  const flush = () => {
    if (plain.length) nodes.push(...inlineNodes(plain.join("\n"), names));
    plain = [];
  };
  for (let at = 0; at < lines.length; at += 1) {
    const block = blockAt(lines, at, names);
    if (!block) plain.push(lines[at]);
    else {
      flush();
      nodes.push(...[block.node].flat());
      at = block.last;
    }
  }
  flush();
  return nodes;
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @param {Names} names
 */
function blockAt(lines, at, names) {
  const line = lines[at];
  if (line.startsWith(">>> ")) {
    const rest = [line.slice(4), ...lines.slice(at + 1)].join("\n");
    return { node: h("blockquote", {}, blockNodes(rest, names)), last: lines.length - 1 };
  }
  if (line.startsWith("> ") || line === ">")
    return collectRows(
      lines,
      at,
      /^> ?(.*)$/,
      (rows) => h("blockquote", {}, blockNodes(rows.map((row) => row[1]).join("\n"), names)),
      /^>( |$)/,
    );
  const heading = /^(#{1,3}) +(.+)$/.exec(line);
  if (heading) return { node: headingNode(heading, names), last: at };
  if (line.startsWith("-# "))
    return { node: h("small", {}, inlineNodes(line.slice(3), names)), last: at };
  if (LIST.test(line)) return collectRows(lines, at, LIST, (rows) => listNodes(rows, names), LIST);
  return null;
}

const HEADINGS = /** @type {const} */ (["h4", "h5", "h6"]);

/**
 * @param {RegExpExecArray} match
 * @param {Names} names
 */
const headingNode = (match, names) =>
  h(HEADINGS[match[1].length - 1], {}, inlineNodes(match[2], names));

/**
 * @param {string[]} lines
 * @param {number} at
 * @param {RegExp} pattern parses each row
 * @param {(rows: RegExpExecArray[]) => Child} make
 * @param {RegExp} continues matches every line that belongs to the block
 */
function collectRows(lines, at, pattern, make, continues) {
  /** @type {RegExpExecArray[]} */
  const rows = [];
  let last = at;
  for (let index = at; index < lines.length && continues.test(lines[index]); index += 1) {
    const row = pattern.exec(lines[index]);
    if (row) rows.push(row);
    last = index;
  }
  return { node: make(rows), last };
}

/**
 * @param {RegExpExecArray[]} rows
 * @param {Names} names
 * @returns {HTMLElement[]}
 */
function listNodes(rows, names) {
  const depth = rows[0][1].length;
  /** @type {HTMLElement[]} */
  const elements = [];
  /** @type {HTMLElement | null} */
  let element = null;
  for (let start = 0; start < rows.length;) {
    const ordered = rows[start][2] !== undefined;
    if (!element || (element.tagName === "OL") !== ordered)
      elements.push((element = ordered ? h("ol", { start: rows[start][2] }) : h("ul")));
    let end = start + 1;
    while (end < rows.length && rows[end][1].length > depth) end += 1;
    const deeper = rows.slice(start + 1, end);
    element.append(
      h(
        "li",
        {},
        inlineNodes(rows[start][3], names),
        deeper.length ? listNodes(deeper, names) : null,
      ),
    );
    start = end;
  }
  return elements;
}

/**
 * A text on one line without markup, for previews and screen readers.
 * @param {string} text
 * @param {Names} names
 */
export function plainText(text, names) {
  const container = h(
    "div",
    {},
    markdown(text, names).flatMap((node) => [node, " "]),
  );
  for (const button of container.querySelectorAll(".copy")) button.remove();
  for (const hidden of container.querySelectorAll(".spoiler")) hidden.replaceWith("(spoiler)");
  return container.textContent.replace(/\s+/g, " ").trim();
}
