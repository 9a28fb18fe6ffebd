// Live power against setpoint, and the day's 96 points. Missing slots stay hollow: nothing is joined or guessed.
import { colour, now_s, words } from "./page.js";
import { put } from "./place.js";

const WINDOW_S = 900;
const SILENCE_S = 20; // a longer silence of the live power is a break in the line
const LABEL_PX = 14; // across a mark's label, which stands along its line
const LABELS = 3; // of near marks that are named; the others are counted
const GRID = { left: 52, right: 16, top: 30, bottom: 26 };

function frame() {
  return {
    animation: false,
    useUTC: true, // instants are shifted to the terminal's local time by the server's offset
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: colour("ink-2") },
    grid: GRID,
    // richText: the HTML tooltip needs inline styles, which the content security policy forbids
    tooltip: {
      trigger: "axis", renderMode: "richText", backgroundColor: colour("surface-2"), borderColor: colour("line-2"),
      textStyle: { color: colour("ink"), fontSize: 12 }, axisPointer: { lineStyle: { color: colour("line-2") } },
    },
    legend: { top: 0, right: 8, itemWidth: 18, itemHeight: 8, textStyle: { color: colour("ink-2"), fontSize: 12 }, inactiveColor: colour("line-2") },
  };
}

const axis = () => ({
  axisLine: { lineStyle: { color: colour("line-2") } }, axisTick: { show: false },
  axisLabel: { color: colour("ink-2"), fontSize: 11, hideOverlap: true }, splitLine: { lineStyle: { color: colour("chart-grid") } },
});
const kwAxis = () => ({ type: "value", name: "kW", nameGap: 10, nameTextStyle: { color: colour("ink-2"), align: "right" }, min: 0, ...axis() });
const kw = (watts) => (watts === null || watts === undefined ? null : watts / 1000);
const shown = (value) => (value === null || value === undefined ? "–" : `${value.toFixed(1)} kW`);

function withBreaks(points, column, offset_ms) {
  const line = [];
  let before = null;
  for (const point of points) {
    if (before !== null && point[0] - before > SILENCE_S) line.push([before * 1000 + offset_ms + 1, null]);
    line.push([point[0] * 1000 + offset_ms, kw(point[column])]);
    before = point[0];
  }
  return line;
}

function powerChart(element) {
  const chart = echarts.init(element, null, { renderer: "canvas" });
  const points = new Map();
  const offset_ms = Number(element.dataset.offsetS) * 1000;
  const draw = () => {
    const oldest = now_s() - WINDOW_S;
    for (const t_s of points.keys()) if (t_s < oldest) points.delete(t_s);
    const rows = [...points.values()].sort((a, b) => a[0] - b[0]);
    const end = now_s() * 1000 + offset_ms;
    chart.setOption({
      ...frame(),
      xAxis: { type: "time", min: end - WINDOW_S * 1000, max: end, ...axis(), splitLine: { show: false } },
      yAxis: kwAxis(),
      tooltip: { ...frame().tooltip, valueFormatter: shown },
      series: [
        { name: words.power, type: "line", showSymbol: rows.length < 3, data: withBreaks(rows, 1, offset_ms), color: colour("chart-power"), lineStyle: { width: 2 }, areaStyle: { color: colour("chart-fill") } },
        { name: words.setpoint, type: "line", step: "end", showSymbol: false, data: withBreaks(rows, 2, offset_ms), color: colour("chart-setpoint"), lineStyle: { width: 1.5, type: [6, 3] } },
      ],
    }, { notMerge: true });
  };
  const add = (rows) => { for (const row of rows) points.set(row[0], row); draw(); };
  const load = async () => {
    const reply = await fetch(element.dataset.url);
    if (reply.ok) add((await reply.json()).trail);
  };
  setInterval(draw, 1000);
  return { chart, add, load, draw };
}

function gapAreas(day, at) { // hollow: a dashed frame without a filling, half a slot to each side
  const style = { color: "transparent", borderColor: colour("unknown"), borderWidth: 1, borderType: "dashed" };
  return day.gaps.map(([first, end]) => [{ xAxis: at(first - 0.5), itemStyle: style }, { xAxis: at(end - 0.5) }]);
}

function near(marks, least_s) { // runs of marks whose labels would lie on each other, oldest first
  const runs = [];
  for (const mark of [...marks].sort((a, b) => a.t_s - b.t_s)) {
    const run = runs.at(-1);
    if (run && mark.t_s - run[0].t_s < least_s) run.push(mark);
    else runs.push([mark]);
  }
  return runs;
}

function runLabel(run) { // one label for a run, each name in its own colour; the first mark of the run bears it
  const more = run.length > LABELS ? ` +${run.length - LABELS}` : "";
  const named = run.slice(0, LABELS);
  return {
    formatter: named.map((mark, n) => `{n${n}|${mark.label}}`).join(" ") + more, color: colour("ink-2"), fontSize: 11, position: "insideEndTop",
    rich: Object.fromEntries(named.map((mark, n) => [`n${n}`, { color: colour(mark.tone), fontSize: 11 }])),
  };
}

function markLines(day, offset_ms, width_px) {
  const least_s = (LABEL_PX * day.slot_s * day.power_w.length) / Math.max(1, width_px - GRID.left - GRID.right);
  return near(day.marks, least_s).flatMap((run) => run.map((mark, n) => ({
    xAxis: mark.t_s * 1000 + offset_ms,
    lineStyle: { color: colour(mark.tone), type: "solid", width: 1.5 },
    label: n ? { show: false } : runLabel(run),
  })));
}

function curveChart(element) {
  const chart = echarts.init(element, null, { renderer: "canvas" });
  const offset_ms = Number(element.dataset.offsetS) * 1000;
  let day = null;
  const draw = () => {
    if (!day) return;
    const at = (slot) => (day.start_s + slot * day.slot_s) * 1000 + offset_ms;
    const line = (watts) => watts.map((value, n) => [at(n), kw(value)]);
    const steps = [...line(day.setpoint_w), [at(day.setpoint_w.length), kw(day.setpoint_w.at(-1))]];
    // a point is drawn where a line would not show it, and, as a diamond, where it was not simply measured
    const points = line(day.power_w).map((value, n) => ({
      value, symbol: day.quality[n] ? "emptyDiamond" : "circle", symbolSize: day.quality[n] ? 7 : day.alone[n] ? 5 : 0,
    }));
    const plain = { type: "line", showSymbol: false, connectNulls: false };
    chart.setOption({
      ...frame(),
      xAxis: { type: "time", min: at(0), max: at(96), ...axis(), splitLine: { show: false }, axisLabel: { ...axis().axisLabel, formatter: "{HH}:{mm}" } },
      yAxis: kwAxis(),
      tooltip: { ...frame().tooltip, valueFormatter: shown },
      series: [
        { ...plain, name: words.yesterday, data: line(day.yesterday_w), color: colour("chart-yesterday"), lineStyle: { width: 1.2 }, z: 1 },
        { ...plain, name: words.setpoint, step: "end", data: steps, color: colour("chart-setpoint"), lineStyle: { width: 1.5, type: [6, 3] }, z: 2 },
        {
          ...plain, name: words.day, showSymbol: true, showAllSymbol: true, data: points, color: colour("chart-power"), lineStyle: { width: 2 }, z: 3,
          markArea: { silent: true, data: gapAreas(day, at) }, markLine: { symbol: "none", silent: true, data: markLines(day, offset_ms, chart.getWidth()) },
        },
      ],
    }, { notMerge: true });
  };
  const load = async () => {
    const reply = await fetch(element.dataset.url);
    if (!reply.ok) return;
    day = await reply.json();
    draw();
    put("p-twin", day.twin);
  };
  return { chart, load, draw };
}

function printLight(charts) { // a canvas does not follow the light colours of paper (tokens.css) by itself
  const root = document.documentElement;
  const { theme } = root.dataset;
  const redraw = (shown) => {
    root.dataset.theme = shown;
    for (const { chart, draw } of charts) { draw(); chart.getZr().flush(); }
  };
  window.addEventListener("beforeprint", () => redraw("light"));
  window.addEventListener("afterprint", () => redraw(theme));
}

export function startCharts() {
  const made = {};
  const build = { power: powerChart, curve: curveChart };
  for (const element of document.querySelectorAll("[data-chart]")) {
    const drawn = build[element.dataset.chart](element);
    made[element.dataset.chart] = drawn;
    drawn.chart.on("finished", () => { element.dataset.drawn = "1"; });
    drawn.load().catch(() => {}); // no network: the link badge says so, the next reload tries again
    new ResizeObserver(() => { drawn.chart.resize(); if (element.dataset.drawn) drawn.draw(); }).observe(element);
  }
  printLight(Object.values(made));
  return {
    power: (rows) => made.power?.add(rows),
    refreshCurve: () => made.curve?.load().catch(() => {}),
    reload: () => made.power?.load().catch(() => {}),
  };
}
