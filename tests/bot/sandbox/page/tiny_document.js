// As much of a document as the page's markdown needs: elements with their tag, attributes and
// children. `outline` writes them down, so that a test can say what it expects in one line.

class TinyText {
  constructor(text) {
    this.textContent = text;
  }
}

class TinyElement {
  constructor(tag) {
    this.tagName = tag.toUpperCase();
    this.attributes = {};
    this.children = [];
    this.dataset = {};
    this.listeners = {};
  }

  append(...nodes) {
    this.children.push(...nodes.map((one) => (typeof one === "string" ? new TinyText(one) : one)));
  }

  setAttribute(name, value) {
    this.attributes[name] = value;
  }

  addEventListener(type, handler) {
    this.listeners[type] = handler;
  }

  // As `plainText` calls it: elements of one class.
  querySelectorAll(selector) {
    const wanted = selector.replace(".", "");
    return this.children.flatMap((one) => {
      if (!(one instanceof TinyElement)) return [];
      const hit = (one.attributes.class ?? "").split(" ").includes(wanted);
      const parent = this;
      const handle = {
        remove: () => parent.children.splice(parent.children.indexOf(one), 1),
        replaceWith: (text) =>
          parent.children.splice(parent.children.indexOf(one), 1, new TinyText(text)),
      };
      return [...(hit ? [handle] : []), ...one.querySelectorAll(selector)];
    });
  }

  get textContent() {
    return this.children.map((one) => one.textContent).join("");
  }
}

globalThis.location = { href: "http://127.0.0.1/" };
globalThis.document = {
  createElement: (tag) => new TinyElement(tag),
  createElementNS: (_space, tag) => new TinyElement(tag),
};

/** Nodes as text: `a <strong>b</strong>`. Drawings are left out; only class, href and src are kept. */
export function outline(nodes) {
  return [nodes]
    .flat(Infinity)
    .map((node) => {
      if (typeof node === "string") return node;
      if (node instanceof TinyText) return node.textContent;
      const tag = node.tagName.toLowerCase();
      if (tag === "svg") return "";
      const { href, src, class: name } = node.attributes;
      const more = [name && ` .${name}`, href && ` ${href}`, src && ` ${src}`].filter(Boolean);
      return `<${tag}${more.join("")}>${outline(node.children)}</${tag}>`;
    })
    .join("");
}
