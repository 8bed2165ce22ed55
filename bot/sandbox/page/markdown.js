// Discord's markdown as elements. Text in, nodes out; never HTML.
import { h, iconButton, safeUrl } from "./dom.js";
import { emojiImage } from "./emoji.js";
import { icon } from "./icons.js";
import { moment } from "./time.js";
import { copyText } from "./toast.js";

const INLINE = [
  [/^\\([^A-Za-z0-9\s])/, (match) => match[1]],
  [/^(`+)([^`]|[^`].*?[^`])\1(?!`)/s, (match) => h("code", {}, match[2].trim() || match[2])],
  [
    /^\*\*\*(?=\S)(.+?)\*\*\*(?!\*)/s,
    (match, names) => h("strong", {}, h("em", {}, inline(match[1], names))),
  ],
  [
    /^\*\*(?=\S)((?:\\.|[^\\])+?)\*\*(?!\*)/s,
    (match, names) => h("strong", {}, inline(match[1], names)),
  ],
  [/^__((?:\\.|[^\\])+?)__(?!_)/s, (match, names) => h("u", {}, inline(match[1], names))],
  [
    /^\*(?=\S)((?:\*\*|\\.|[^\\*])+?)\*(?!\*)/s,
    (match, names) => h("em", {}, inline(match[1], names)),
  ],
  [
    /^_(?=\S)((?:__|\\.|[^\\_])+?)_(?![A-Za-z0-9_])/s,
    (match, names) => h("em", {}, inline(match[1], names)),
    "word",
  ],
  [/^~~(?=\S)(.+?)~~/s, (match, names) => h("s", {}, inline(match[1], names))],
  [/^\|\|(.+?)\|\|/s, (match, names) => spoiler(inline(match[1], names))],
  [
    /^<@!?(\d+)>/,
    (match, names) =>
      h("span", { class: "mention", dataset: { userId: match[1] } }, `@${names.user(match[1])}`),
  ],
  [/^<@&(\d+)>/, (match, names) => h("span", { class: "mention" }, `@${names.role(match[1])}`)],
  [/^<#(\d+)>/, (match, names) => channelMention(match[1], names)],
  [/^<\/([^:>]{1,98}):\d+>/, (match, names) => commandMention(match[1], names)],
  [/^<a?:(\w{2,32}):(\d+)>/, (match) => emojiImage({ id: match[2], name: match[1] })],
  [/^<t:(-?\d{1,13})(?::([tTdDfFR]))?>/, (match) => moment(Number(match[1]), match[2])],
  [/^@(everyone|here)\b/, (match) => h("span", { class: "mention" }, match[0])],
  [
    /^\[([^\]\n]+)\]\(<?(https?:\/\/[^\s)>]+)>?\)/,
    (match, names) => anchor(match[2], inline(match[1], names)),
  ],
  [/^<(https?:\/\/[^\s>]+)>/, (match) => anchor(match[1], match[1])],
  [/^https?:\/\/[^\s<]+[^\s<.,:;"')\]*_~|]/, (match) => anchor(match[0], match[0]), "word"],
];
const SPECIAL = /[\\`*_~|<@[h]/;

function inline(text, names) {
  const nodes = [];
  let plain = "";
  for (let at = 0; at < text.length;) {
    const hit = SPECIAL.test(text[at]) ? markAt(text, at) : null;
    if (hit) {
      if (plain) nodes.push(plain);
      plain = "";
      nodes.push(hit.make(names));
      at += hit.length;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  if (plain) nodes.push(plain);
  return nodes;
}

function markAt(text, at) {
  const rest = text.slice(at);
  for (const [pattern, make, where] of INLINE) {
    if (where === "word" && at > 0 && /\w/.test(text[at - 1])) continue;
    const found = pattern.exec(rest);
    if (found) return { length: found[0].length, make: (names) => make(found, names) };
  }
  return null;
}

function anchor(url, children) {
  const href = safeUrl(url);
  return href
    ? h("a", { href, target: "_blank", rel: "noreferrer noopener" }, children)
    : h("span", {}, children);
}

function spoiler(children) {
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

function channelMention(id, names) {
  return h(
    "button",
    { type: "button", class: "mention", onclick: () => names.openChannel(id) },
    `#${names.channel(id)}`,
  );
}

function commandMention(name, names) {
  return h(
    "button",
    { type: "button", class: "mention", onclick: () => names.openCommand(name) },
    `/${name}`,
  );
}

const LIST = /^( *)(?:[-*]|(\d{1,9})\.) +(.*)$/;

/** The nodes of one text. `names` tells what ids are called and opens channels and commands. */
export function markdown(text, names) {
  const nodes = [];
  const parts = text.split(/```/);
  for (let index = 0; index < parts.length; index += 1) {
    if (index % 2 && index < parts.length - 1) nodes.push(codeBlock(parts[index]));
    else {
      const before = nodes.length > 0;
      const open = index % 2 ? "```" : "";
      const piece = open + parts[index];
      nodes.push(...blocks(before ? piece.replace(/^\n/, "") : piece, names));
    }
  }
  return nodes;
}

function codeBlock(text) {
  const body = text.replace(/^[A-Za-z0-9+#.-]*\n/, "").replace(/^\n|\n$/g, "");
  const copy = iconButton(icon("copy"), "Copy", () => copyText(body), { class: "copy" });
  return h("pre", {}, h("code", {}, body), copy);
}

function blocks(text, names) {
  const nodes = [];
  const lines = text.split("\n");
  let plain = [];
  const flush = () => {
    if (plain.length) nodes.push(...inline(plain.join("\n"), names));
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

function blockAt(lines, at, names) {
  const line = lines[at];
  if (line.startsWith(">>> ")) {
    const rest = [line.slice(4), ...lines.slice(at + 1)].join("\n");
    return { node: h("blockquote", {}, blocks(rest, names)), last: lines.length - 1 };
  }
  if (line.startsWith("> ") || line === ">")
    return run(
      lines,
      at,
      /^> ?(.*)$/,
      (rows) => h("blockquote", {}, blocks(rows.map((row) => row[1]).join("\n"), names)),
      /^>( |$)/,
    );
  const heading = /^(#{1,3}) +(.+)$/.exec(line);
  if (heading)
    return { node: h(`h${heading[1].length + 3}`, {}, inline(heading[2], names)), last: at };
  if (line.startsWith("-# "))
    return { node: h("small", {}, inline(line.slice(3), names)), last: at };
  if (LIST.test(line)) return run(lines, at, LIST, (rows) => list(rows, names), LIST);
  return null;
}

function run(lines, at, pattern, make, goesOn) {
  const rows = [];
  let last = at;
  for (let index = at; index < lines.length && goesOn.test(lines[index]); index += 1) {
    rows.push(pattern.exec(lines[index]));
    last = index;
  }
  return { node: make(rows), last };
}

function list(rows, names) {
  const depth = rows[0][1].length;
  const elements = [];
  let element = null;
  for (let at = 0; at < rows.length;) {
    const tag = rows[at][2] === undefined ? "UL" : "OL";
    if (element?.tagName !== tag)
      elements.push((element = h(tag, tag === "OL" ? { start: rows[at][2] } : {})));
    let end = at + 1;
    while (end < rows.length && rows[end][1].length > depth) end += 1;
    const deeper = rows.slice(at + 1, end);
    element.append(
      h("li", {}, inline(rows[at][3], names), deeper.length ? list(deeper, names) : null),
    );
    at = end;
  }
  return elements;
}

/** A text in one line without its marks, for previews and for the screen reader. */
export function plainText(text, names) {
  const place = h(
    "div",
    {},
    markdown(text ?? "", names).flatMap((node) => [node, " "]),
  );
  for (const button of place.querySelectorAll(".copy")) button.remove();
  for (const hidden of place.querySelectorAll(".spoiler")) hidden.replaceWith("(spoiler)");
  return place.textContent.replace(/\s+/g, " ").trim();
}
