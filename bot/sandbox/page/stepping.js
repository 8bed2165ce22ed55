// Moves through a list or a grid of choices by keys. Pure.

const GRID_COLUMNS = 8;

/**
 * The index after a key press at `at` among `count` choices; null for a key that moves nothing.
 * @param {string} key
 * @param {number} at
 * @param {number} count
 * @param {boolean} [grid] rows of eight, in which left and right move too
 */
export function indexAfterKey(key, at, count, grid = false) {
  const row = grid ? GRID_COLUMNS : 1;
  /** @type {Record<string, number>} */
  const targets = {
    ArrowDown: at + row,
    ArrowUp: at - row,
    Home: 0,
    End: count - 1,
    ...(grid && { ArrowRight: at + 1, ArrowLeft: at - 1 }),
  };
  const next = targets[key];
  return next === undefined ? null : Math.min(Math.max(next, 0), count - 1);
}
