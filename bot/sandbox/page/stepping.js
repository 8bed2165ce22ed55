// Where a key moves in a list or a grid of choices. Pure.

const GRID_COLUMNS = 8;

/**
 * The index that a key leads to from `at` among `count`; null if it is no such key.
 * @param {string} key
 * @param {number} at
 * @param {number} count
 * @param {boolean} [grid] rows of eight, in which left and right move too
 */
export function stepTo(key, at, count, grid = false) {
  const row = grid ? GRID_COLUMNS : 1;
  /** @type {Record<string, number>} */
  const places = {
    ArrowDown: at + row,
    ArrowUp: at - row,
    Home: 0,
    End: count - 1,
    ...(grid && { ArrowRight: at + 1, ArrowLeft: at - 1 }),
  };
  const next = places[key];
  return next === undefined ? null : Math.min(Math.max(next, 0), count - 1);
}
