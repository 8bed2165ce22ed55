// Where a key leads in a list or a grid of things to choose from. Pure.

const GRID_COLUMNS = 8;

/**
 * The place that a key leads to from `at` among `count`; null if it is no key for that.
 * @param {string} key
 * @param {number} at
 * @param {number} count
 * @param {boolean} [grid] rows of eight, so that left and right lead somewhere too
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
