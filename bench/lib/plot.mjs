// Line and bar charts as SVG, drawn by Vega on the server's side: no browser, no canvas.
import { parse, View } from 'vega';
import { compile } from 'vega-lite';

const width = 640;

const axis = (title, log) => ({
  title,
  type: 'quantitative',
  scale: log ? { type: 'log' } : { zero: true, nice: true },
});

/** One chart as a specification of Vega-Lite; `series`: `{ name, points: [[x, y], …] }`. */
function chart({ title, series, x, y, logX = false, logY = false, height = 320 }) {
  const values = series.flatMap(({ name, points }) =>
    points
      .map(([px, py]) => ({ name, x: px, y: py }))
      .filter((v) => (!logX || v.x > 0) && (!logY || v.y > 0)),
  );
  return {
    title,
    width,
    height,
    data: { values },
    mark: { type: 'line', point: values.length <= 40 * series.length, strokeWidth: 1.5 },
    encoding: {
      x: { field: 'x', ...axis(x, logX) },
      y: { field: 'y', ...axis(y, logY) },
      color: {
        field: 'name',
        type: 'nominal',
        title: null,
        sort: series.map(({ name }) => name),
        ...(series.length === 1 ? { legend: null } : {}),
      },
    },
  };
}

async function draw(specification) {
  const whole = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 12,
    config: { font: 'sans-serif', axis: { gridOpacity: 0.5 }, legend: { orient: 'bottom', labelLimit: 0 } },
    ...specification,
  };
  const view = new View(parse(compile(whole).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/**
 * A line for each series over one pair of axes, which begin at 0 or are logarithmic (then without what is not positive).
 * `x` and `y` are the axes' titles. Options: title, series, x, y, logX, logY, height.
 */
export function linePlot(options) {
  return draw(chart(options));
}

/** Several such charts, one below the other, each with axes and colours of its own. */
export function linePlots(title, charts) {
  return draw({ title, vconcat: charts.map(chart), resolve: { scale: { color: 'independent' } } });
}

/**
 * Bars from the left, one a row, in groups: `rows`: `{ group, name, value, label }`, in the order that is to be kept; `ours`: names that are
 * coloured. `x`: the axis' title.
 */
export function barPlot({ title, subtitle, rows, x, ours = [] }) {
  const colour = {
    condition: { test: `indexof(${JSON.stringify(ours)}, datum.name) >= 0`, value: '#1f6fb2' },
    value: '#b9bec4',
  };
  const y = { field: 'name', type: 'nominal', title: null, sort: null };
  const value = { field: 'value', ...axis(x, false) };
  const groups = [...new Set(rows.map(({ group }) => group))];
  const one = (group) => ({
    title: { text: group, anchor: 'start', fontSize: 12 },
    width,
    height: { step: 20 },
    data: { values: rows.filter((row) => row.group === group) },
    layer: [
      { mark: { type: 'bar' }, encoding: { y, x: value, color: colour } },
      {
        mark: { type: 'text', align: 'left', dx: 4, fontSize: 11 },
        encoding: { y, x: value, text: { field: 'label' } },
      },
    ],
  });
  return draw({
    title: { text: title, subtitle, anchor: 'start' },
    vconcat: groups.map(one),
    resolve: { scale: { x: 'shared' } },
  });
}
