// Chooses a text colour that is readable on a background colour. Pure.

const WHITE = 1;
const BLACK = 0;

/**
 * The relative luminance of a colour, 0 to 1 (WCAG 2.2, "relative luminance").
 * @param {string} color as #rrggbb
 */
export function luminance(color) {
  const [red, green, blue] = [1, 3, 5]
    .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/**
 * The contrast ratio of two luminances, 1 to 21.
 * @param {number} left
 * @param {number} right
 */
export const contrast = (left, right) =>
  (Math.max(left, right) + 0.05) / (Math.min(left, right) + 0.05);

/**
 * White or black, whichever has more contrast: at least 4.5 to 1 on any colour.
 * @param {string} color as #rrggbb
 */
export function textColorOn(color) {
  const background = luminance(color);
  return contrast(background, WHITE) > contrast(background, BLACK) ? "#ffffff" : "#000000";
}
