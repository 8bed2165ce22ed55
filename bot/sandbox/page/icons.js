// Our own line drawings, as paths in a 24 by 24 box, and the bot's face.

const SVG = "http://www.w3.org/2000/svg";

/** @type {Record<string, string>} */
const PATHS = {
  hash: "M9.5 4 7 20M17 4l-2.5 16M4.5 9h16M3.5 15h16",
  thread: "M5 5h14M5 10h9M5 15h5M14 14v3a3 3 0 0 0 3 3h3",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6 6 18",
  send: "M4 12l16-8-5 16-3.5-6.500zM11.5 13.5 20 4",
  smile:
    "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14.500a4.3 4.3 0 0 0 7 0M9 9.500v.5M15 9.500v.5",
  react:
    "M20 12.500A8.5 8.5 0 1 1 11.5 4M8 14a4.2 4.2 0 0 0 6.8 0M8.7 9.500v.4M14.3 9.500v.4M19 3v6M16 6h6",
  trash: "M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13M10 11v5.500M14 11v5.5",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  people:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c.4-4 3-6 6.5-6s6.1 2 6.5 6M16 4.300a3.5 3.5 0 0 1 0 6.400M18 14.400c2 .8 3.2 2.7 3.5 5.6",
  cloud:
    "M7 17a4 4 0 0 1-.5-8A5.5 5.5 0 0 1 17 8.2 4.4 4.4 0 0 1 17.5 17zM9 20.500l.5-1M14 20.500l.5-1",
  bolt: "M13 3 5 14h6l-1 7 8-11h-6z",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.5 2",
  gauge: "M4 18a9 9 0 1 1 16 0M12 15l4.5-5.500M12 15.500v-.5",
  shield: "M12 3l7.5 3v5.500c0 4.5-3 7.7-7.5 9.5-4.5-1.8-7.5-5-7.5-9.500V6zM9 12l2.2 2.200L15.5 10",
  server: "M4 5h16v6H4zM4 13h16v6H4zM8 8h.01M8 16h.01",
  upload: "M12 15V4M8 8l4-4 4 4M4 15v4.500h16V15",
  download: "M12 4v11M8 11l4 4 4-4M4 19.500h16",
  file: "M6 3h8l5 5v13H6zM14 3v5h5",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 14.800a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.600z",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  down: "M5 9l7 7 7-7",
  check: "M5 12.500l4.5 4.500L19 7.5",
  alert: "M12 3.5 22 20H2zM12 10v4.500M12 17.300v.2",
  out: "M10 5H5v14h14v-5M14 4h6v6M20 4l-9 9",
  slash: "M15 4 9 20",
  brush:
    "M20 4c-4.5 1.5-8.5 5-10.5 9l2 2c4-2 7-6.5 8.5-11zM8.7 14.300C6 14 5 16 5 17.500c0 1.3-.8 2-2 2.3 3 1.5 7.5.7 7.5-3.200M18 15v4M16 17h4",
  crown: "M4 18h16M4.5 15 3 7l5.2 3.500L12 5l3.8 5.500L21 7l-1.5 8z",
  power: "M12 4v8M7 6.700a8 8 0 1 0 10 0",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.700L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.700L12 17",
};

/**
 * A line drawing by name.
 * @param {string} name
 */
export function icon(name) {
  const picture = svgElement("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" });
  picture.append(svgElement("path", { d: PATHS[name], "stroke-width": name === "more" ? 3 : 2 }));
  return picture;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 */
function svgElement(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/**
 * Back hair, neck and shirt, face, fringe, eyes, glasses, blush, smile: drawn from back to front.
 * @type {[string, Record<string, string | number>][]}
 */
const FACE = [
  ["rect", { width: 64, height: 64, fill: "#f6c7dd" }],
  ["circle", { cx: 50, cy: 14, r: 20, fill: "#fbe0ea" }],
  ["path", { d: "M11 62C8 40 10 11 33 11s25 29 22 51z", fill: "#3d6fd6" }],
  ["path", { d: "M27 46h11v9l12 4v6H14v-6l13-4z", fill: "#f7d3bf" }],
  ["path", { d: "M13 65c2-7 8-8 13-9l6.5 6L39 56c5 1 11 2 13 9z", fill: "#4b4379" }],
  [
    "path",
    { d: "M18 30c0-11 6-17 14.5-17S47 19 47 30c0 12-6.5 20-14.5 20S18 42 18 30z", fill: "#fde3d3" },
  ],
  [
    "path",
    {
      d: "M15 34c-1-15 6-24 18-24s19 9 17 24c-3-4-4-8-4.5-12-2 3-5 4.5-8 5 .8-2 .8-3.5.6-5C34 26 27 28 22 27c-2 2-4 4-7 7z",
      fill: "#5a8ff0",
    },
  ],
  [
    "path",
    {
      d: "M22 16c3-3 8-4 12-3",
      fill: "none",
      stroke: "#a9c6ff",
      "stroke-width": 2,
      "stroke-linecap": "round",
    },
  ],
  ["ellipse", { cx: 25.5, cy: 35, rx: 2.9, ry: 4, fill: "#2f3f86" }],
  ["ellipse", { cx: 39.5, cy: 35, rx: 2.9, ry: 4, fill: "#2f3f86" }],
  ["circle", { cx: 26.6, cy: 33.5, r: 1.2, fill: "#fff" }],
  ["circle", { cx: 40.6, cy: 33.5, r: 1.2, fill: "#fff" }],
  ["circle", { cx: 25.5, cy: 35, r: 5.6, fill: "none", stroke: "#4b3550", "stroke-width": 1.3 }],
  ["circle", { cx: 39.5, cy: 35, r: 5.6, fill: "none", stroke: "#4b3550", "stroke-width": 1.3 }],
  ["path", { d: "M31.1 34.500q1.4-1 2.8 0", fill: "none", stroke: "#4b3550", "stroke-width": 1.3 }],
  ["ellipse", { cx: 21.5, cy: 41.5, rx: 2.6, ry: 1.3, fill: "#f79fae", opacity: 0.7 }],
  ["ellipse", { cx: 43.5, cy: 41.5, rx: 2.6, ry: 1.3, fill: "#f79fae", opacity: 0.7 }],
  [
    "path",
    {
      d: "M29 43.500q3.5 3.2 7 0",
      fill: "none",
      stroke: "#b0485f",
      "stroke-width": 1.5,
      "stroke-linecap": "round",
    },
  ],
];

/** The bot's face: 1girl, blue hair, glasses, smile. */
export function botFace() {
  const picture = svgElement("svg", { viewBox: "0 0 64 64", "aria-hidden": "true" });
  for (const [tag, attributes] of FACE) picture.append(svgElement(tag, attributes));
  return picture;
}
