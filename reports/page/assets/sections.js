// The other figures, and how the page begins.

function colourOf(colours, place) {
  return colours.families[(DATA.families[valueOf(place, "family")] ?? 0) % colours.families.length];
}

function courseFigure(colours) {
  const course = REPORT.hypervolume, overTime = byId("course-axis").value === "minutes";
  const x = overTime ? course.seconds.map((seconds) => seconds / 60) : course.trials;
  const trace = {
    x, y: course.volumes, customdata: course.trials, mode: "lines", line: { shape: "hv", color: colours.accent, width: 2 },
    fill: "tozeroy", fillcolor: faded(colours.accent, 0.08), hovertemplate: "after trial %{customdata}<br>hypervolume %{y:.4g}<extra></extra>",
  };
  const low = Math.min(...course.volumes), high = Math.max(...course.volumes);
  const across = axis(colours, overTime ? "minutes of searching" : "trial", { rangemode: "tozero" });
  return { traces: [trace], layout: layout(colours, across, axis(colours, "hypervolume", { range: [low === high ? 0 : low, high + 0.04 * (high - low || 1)] })) };
}

// Lines of the same values lie beside one another, each a little off.
function offset(trial, it) {
  return new Set(it.values).size <= 6 ? 0.036 * (((trial * 0.618034) % 1) - 0.5) : 0;
}

// Places of values between 0 and 1: numbers by size, words in the order of their names.
function scaleOf(values) {
  if (values.every((value) => typeof value === "number")) {
    const low = Math.min(...values), high = Math.max(...values);
    const distinct = [...new Set(values)].sort((a, b) => a - b);
    const ticks = distinct.length <= 6 ? distinct : [low, high];
    return { at: (value) => (high > low ? (value - low) / (high - low) : 0.5), ticks: ticks.map((value) => [value, String(Number(value.toPrecision(4)))]) };
  }
  const names = [...new Set(values.map(String))].sort();
  return { at: (value) => (names.length > 1 ? names.indexOf(String(value)) / (names.length - 1) : 0.5), ticks: names.map((name) => [name, name]) };
}

function designsFigure(colours) {
  const family = REPORT.designs[Number(byId("designs-family").value)], colour = byId("designs-colour").value;
  const numbers = REPORT.objectives.filter((name) => COLUMNS[name]);
  const rows = family.rows.filter((row) => PLACES.has(row.trial) && numbers.every((name) => valueOf(PLACES.get(row.trial), name) !== null));
  const axes = [
    ...family.names.map((name, place) => ({ title: name, values: rows.map((row) => row.values[place]) })),
    ...numbers.map((name) => ({ title: headingOf(name), values: rows.map((row) => scaled(PLACES.get(row.trial), name)) })),
  ];
  const scales = axes.map((it) => scaleOf(it.values));
  const ranked = rows.map((row) => valueOf(PLACES.get(row.trial), colour)).sort((a, b) => a - b);
  const stepOf = (row) => Math.min(4, Math.floor((5 * ranked.indexOf(valueOf(PLACES.get(row.trial), colour))) / ranked.length));
  const path = (members) => {
    const drawn = { x: [], y: [], customdata: [], text: [] };
    for (const [row, place] of members) {
      axes.forEach((it, across) => {
        drawn.x.push(across); drawn.y.push(scales[across].at(it.values[place]) + offset(row.trial, it)); drawn.customdata.push(row.trial);
        const value = it.values[place];
        drawn.text.push(`<b>trial ${row.trial}</b><br>${plain(it.title)} ${plain(typeof value === "number" ? Number(value.toPrecision(4)) : value)}`);
      });
      drawn.x.push(null); drawn.y.push(null); drawn.customdata.push(null); drawn.text.push("");
    }
    return drawn;
  };
  const numbered = rows.map((row, place) => [row, place]);
  const traces = [0, 1, 2, 3, 4].map((step) => ({
    ...path(numbered.filter(([row]) => stepOf(row) === step)), mode: "lines", hovertemplate: "%{text}<extra></extra>",
    line: { color: faded(colours.steps[step], rows.length > 200 ? 0.3 : 0.7), width: 1.5 },
  }));
  const chosen = numbered.filter(([row]) => row.trial === STATE.chosen);
  if (chosen.length) traces.push({ ...path(chosen), mode: "lines+markers", hovertemplate: "%{text}<extra></extra>", line: { color: colours.accent, width: 4 }, marker: { size: 7, color: colours.accent } });
  const shapes = axes.map((_, across) => ({ type: "line", x0: across, x1: across, y0: 0, y1: 1, line: { color: colours.muted, width: 1 }, layer: "below" }));
  const annotations = axes.flatMap((it, across) => scales[across].ticks.map(([value, text]) => ({
    x: across, y: scales[across].at(value), text: plain(text), showarrow: false, xanchor: "left", xshift: 5, font: { size: 11, color: colours.muted }, bgcolor: faded(colours.card, 0.75), borderpad: 1,
  })));
  const across = { tickvals: axes.map((_, place) => place), ticktext: axes.map((it) => plain(it.title.replaceAll("_", " "))), tickangle: axes.length > 6 ? -35 : 0, automargin: true, showgrid: false, zeroline: false, range: [-0.15, axes.length - 0.45], fixedrange: true, tickfont: { color: colours.ink } };
  const up = { range: [-0.06, 1.06], showgrid: false, zeroline: false, showticklabels: false, fixedrange: true };
  return { traces, layout: layout(colours, across, up, { shapes, annotations, margin: { l: 40, r: 16, t: 12, b: 60 } }) };
}

function curvesFigure(colours) {
  const ordered = [...REPORT.curves].filter((it) => PLACES.has(it.trial)).sort((one, other) => ON_FRONT.has(one.trial) - ON_FRONT.has(other.trial));
  const traces = ordered.map((it) => {
    const place = PLACES.get(it.trial), isBest = ON_FRONT.has(it.trial) || it.trial === STATE.chosen;
    const colour = it.trial === STATE.chosen ? colours.accent : colourOf(colours, place);
    return {
      x: it.steps, y: it.psnr_y_db, customdata: it.steps.map(() => it.trial), mode: "lines+markers", marker: { size: isBest ? 5 : 3 },
      line: { color: isBest ? colour : faded(colour, 0.25), width: isBest ? 2 : 1 }, hovertemplate: `<b>trial ${it.trial}</b>  ${plain(valueOf(place, "arch_id"))}<br>%{y:.2f} dB after %{x:,} steps<extra></extra>`,
    };
  });
  return { traces, layout: layout(colours, axis(colours, "training steps", { rangemode: "tozero" }), axis(colours, DATA.labels.psnr_y_db)) };
}

// Points around the line on which both axes are alike.
function alikeFigure(colours, points, x, y, titles, more) {
  const known = points.filter((point) => PLACES.has(point.trial));
  const range = logRange(known.flatMap((point) => [x(point), y(point)]));
  const ends = range.map((end) => 10 ** end);
  const traces = [{ x: ends, y: ends, mode: "lines", hoverinfo: "skip", line: { color: colours.muted, width: 1, dash: "dash" } }, {
    x: known.map(x), y: known.map(y), customdata: known.map((point) => point.trial), mode: "markers",
    text: known.map((point) => `<b>trial ${point.trial}</b>  ${plain(valueOf(PLACES.get(point.trial), "arch_id"))}`),
    hovertemplate: `%{text}<br>${titles[0]} %{x:.3g}<br>${titles[1]} %{y:.3g}<extra></extra>`,
    marker: {
      size: known.map((point) => (point.trial === STATE.chosen ? 13 : 8)), color: known.map((point) => colourOf(colours, PLACES.get(point.trial))),
      symbol: known.map((point) => symbolOf(valueOf(PLACES.get(point.trial), "family"), null)),
      line: { width: known.map((point) => (point.trial === STATE.chosen ? 2.5 : ON_FRONT.has(point.trial) ? 1 : 0)), color: known.map((point) => (point.trial === STATE.chosen ? colours.accent : colours.ink)) },
    }, ...(more ? more(known) : {}),
  }];
  const scale = (title) => axis(colours, title, { type: "log", range, ...logTicks(ends) });
  return { traces, layout: layout(colours, scale(titles[0]), scale(titles[1])) };
}

function predictedFigure(colours) {
  const error = (known) => ({ error_x: { type: "data", symmetric: false, thickness: 1, width: 2, color: colours.muted, array: known.map((point) => point.high_ms - point.predicted_ms), arrayminus: known.map((point) => point.predicted_ms - point.low_ms) } });
  return alikeFigure(colours, REPORT.predicted.points, (point) => point.predicted_ms, (point) => valueOf(PLACES.get(point.trial), "latency_ms"), ["predicted latency (ms)", "measured latency (ms)"], error);
}

function speedupsFigure(colours) {
  return alikeFigure(colours, REPORT.speedups.points, (point) => point.nominal, (point) => point.realised, ["nominal speed-up", "realised speed-up"]);
}

function startSections() {
  if (byId("course-plot")) {
    byId("course-axis").addEventListener("change", () => draw("course-plot", courseFigure));
    draw("course-plot", courseFigure);
  }
  if (byId("designs-plot")) {
    byId("designs-family").append(...REPORT.designs.map((it, place) => element("option", { value: place }, it.family)));
    byId("designs-colour").append(...REPORT.objectives.map((name) => element("option", { value: name }, headingOf(name))));
    for (const id of ["designs-family", "designs-colour"]) byId(id).addEventListener("change", () => draw("designs-plot", designsFigure));
    draw("designs-plot", designsFigure);
  }
  if (byId("curves-plot")) draw("curves-plot", curvesFigure);
  if (byId("predicted-plot")) draw("predicted-plot", predictedFigure);
  if (byId("speedups-plot")) draw("speedups-plot", speedupsFigure);
}

for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", redraw);
if (REPORT.pick) STATE.chosen = REPORT.pick.trial;
showDetail();
startTable();
startFront();
// The rest when the first figure stands.
setTimeout(() => {
  startSections();
  document.documentElement.dataset.ready = "yes";
}, 0);
