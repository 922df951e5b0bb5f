// The front of any two columns, with all trained networks.

const AXES = { x: REPORT.axes.x, y: REPORT.axes.y, log: null };
const DIRECTIONS = Object.fromEntries(REPORT.columns.map((column) => [column.name, column.direction]));
const PRECISIONS = [...new Set((COLUMNS.precision || []).filter(Boolean))];

function scaled(place, name) {
  const value = valueOf(place, name);
  return value === null ? null : value / (DATA.forms[name] ? DATA.forms[name].divisor : 1);
}

function drawable() {
  return ROWS.filter(({ trial, place }) => trial !== null && valueOf(place, "state") === "trained" && isShown(place)
    && scaled(place, AXES.x) !== null && scaled(place, AXES.y) !== null);
}

function oriented(place, name) {
  return DIRECTIONS[name] === "maximise" ? -scaled(place, name) : scaled(place, name);
}

// The corners of the staircase, cheapest first: between two networks nothing is known to be reachable.
function staircase(rows) {
  const ordered = [...rows].sort((one, other) => oriented(one.place, AXES.x) - oriented(other.place, AXES.x) || oriented(one.place, AXES.y) - oriented(other.place, AXES.y));
  const corners = { x: [], y: [] };
  let best = Infinity, height = null;
  for (const { place } of ordered) {
    if (oriented(place, AXES.y) >= best) continue;
    best = oriented(place, AXES.y);
    if (height !== null) { corners.x.push(scaled(place, AXES.x)); corners.y.push(height); }
    height = scaled(place, AXES.y);
    corners.x.push(scaled(place, AXES.x));
    corners.y.push(height);
  }
  if (height !== null) { corners.x.push(scaled(ordered[ordered.length - 1].place, AXES.x)); corners.y.push(height); }
  return corners;
}

function hoverText(place) {
  const line = (name) => `${plain(headingOf(name))} ${written(name, valueOf(place, name))}`;
  const low = valueOf(place, "latency_ci_low_ms"), high = valueOf(place, "latency_ci_high_ms");
  const lines = [`<b>trial ${COLUMNS.trial[place]}</b>  ${plain(valueOf(place, "arch_id"))}`];
  for (const name of new Set([AXES.y, AXES.x])) {
    const interval = name === "latency_ms" && low !== null && high !== null ? ` (${threeDigits(low)} to ${threeDigits(high)})` : "";
    lines.push(line(name) + interval);
  }
  if (valueOf(place, "precision")) lines.push(plain(valueOf(place, "precision")));
  return lines.join("<br>");
}

function symbolOf(family, precision) {
  const place = DATA.families[family] ?? 0;
  return SYMBOLS[place % SYMBOLS.length] + FILLS[Math.max(0, PRECISIONS.indexOf(precision)) % FILLS.length];
}

function errorBars(rows, name, colour) {
  if (name !== "latency_ms" || !byId("intervals").checked) return undefined;
  const side = (end) => rows.map(({ place }) => {
    const value = valueOf(place, end);
    return value === null ? 0 : Math.abs(value - valueOf(place, "latency_ms"));
  });
  return { type: "data", symmetric: false, array: side("latency_ci_high_ms"), arrayminus: side("latency_ci_low_ms"), thickness: 1, width: 3, color: colour };
}

function frontFigure(colours) {
  const rows = drawable(), traces = [];
  const xs = rows.map(({ place }) => scaled(place, AXES.x));
  const isLog = byId("log-x").checked && xs.length > 0 && xs.every((x) => x > 0);
  const corners = staircase(rows);
  traces.push({ ...corners, mode: "lines", line: { color: colours.front, width: 1.25 }, hoverinfo: "skip", name: "front" });
  const groups = new Map();
  for (const row of rows) {
    const isBest = ON_FRONT.has(row.trial);
    if (!isBest && !byId("dominated").checked) continue;
    const key = JSON.stringify([isBest, valueOf(row.place, "family"), valueOf(row.place, "precision")]);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  for (const key of [...groups.keys()].sort()) {
    const [isBest, family, precision] = JSON.parse(key), members = groups.get(key);
    const colour = colours.families[(DATA.families[family] ?? 0) % colours.families.length];
    const shade = isBest ? colour : faded(colour, 0.5);
    traces.push({
      type: "scatter", mode: "markers", name: plain(family),
      x: members.map(({ place }) => scaled(place, AXES.x)), y: members.map(({ place }) => scaled(place, AXES.y)),
      customdata: members.map(({ trial }) => trial), text: members.map(({ place }) => hoverText(place)), hovertemplate: "%{text}<extra></extra>",
      marker: { symbol: symbolOf(family, precision), size: isBest ? 10 : 7, color: shade, line: { width: isBest ? 1 : 0, color: colours.ink } },
      error_x: isBest ? errorBars(members, AXES.x, shade) : undefined, error_y: isBest ? errorBars(members, AXES.y, shade) : undefined,
    });
  }
  const shapes = [], annotations = [];
  for (const [name, direction] of [[AXES.x, "x"], [AXES.y, "y"]]) {
    const bound = REPORT.bounds[name], divisor = DATA.forms[name] ? DATA.forms[name].divisor : 1;
    for (const limit of bound ? [bound.min, bound.max] : []) {
      if (limit === null || rows.length === 0 || (direction === "x" && isLog && limit <= 0)) continue;
      const value = limit / divisor, other = direction === "x" ? "y" : "x";
      shapes.push({ type: "line", [`${direction}0`]: value, [`${direction}1`]: value, [`${other}ref`]: "paper", [`${other}0`]: 0, [`${other}1`]: 1, line: { color: colours.muted, width: 1, dash: "dash" } });
      annotations.push({ text: "bound", showarrow: false, font: { color: colours.muted, size: 12 }, [`${direction}ref`]: direction, [direction]: direction === "x" && isLog ? Math.log10(value) : value, [`${other}ref`]: "paper", [other]: 1, xanchor: "right", yanchor: direction === "x" ? "top" : "bottom" });
    }
  }
  const bicubic = ROWS.find(({ trial }) => trial === null);
  if (byId("baseline").checked && bicubic) {
    const x = scaled(bicubic.place, AXES.x), y = scaled(bicubic.place, AXES.y);
    if (x !== null && y !== null && (!isLog || x > 0)) traces.push({ x: [x], y: [y], mode: "markers+text", text: ["bicubic"], textposition: "middle right", hoverinfo: "skip", marker: { symbol: "x", size: 9, color: colours.muted }, textfont: { color: colours.muted } });
    else if (y !== null && rows.length) {
      shapes.push({ type: "line", y0: y, y1: y, xref: "paper", x0: 0, x1: 1, line: { color: colours.muted, width: 1, dash: "dot" }, label: { text: "bicubic", font: { color: colours.muted, size: 12 }, textposition: "start" } });
      traces.push({ x: [xs[0]], y: [y], mode: "markers", marker: { opacity: 0 }, hoverinfo: "skip" });
    }
  }
  const chosen = rows.find(({ trial }) => trial === STATE.chosen);
  if (chosen) traces.push({ x: [scaled(chosen.place, AXES.x)], y: [scaled(chosen.place, AXES.y)], mode: "markers", name: "chosen", hoverinfo: "skip", marker: { symbol: "circle-open", size: 20, color: colours.accent, line: { width: 2.5 } } });
  if (!rows.length) annotations.push({ text: "no trained network has both numbers, or none is shown", showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5, font: { color: colours.muted } });
  const x = axis(colours, axisTitle(AXES.x), isLog ? { type: "log", ...logTicks(xs) } : { type: "linear" });
  return { traces, layout: layout(colours, x, axis(colours, axisTitle(AXES.y)), { shapes, annotations, uirevision: `${AXES.x} ${AXES.y} ${isLog}` }) };
}

function axisTitle(name) {
  const label = { macs: "GMACs at 1280x720 HR", params: "parameters (thousands)" }[name] || DATA.labels[name] || name;
  return label;
}

function swatch(family, precision) {
  const colour = `var(--family-${(DATA.families[family] ?? 0) % 6})`;
  const shapes = [
    '<circle cx="6" cy="6" r="5"/>', '<rect x="1.5" y="1.5" width="9" height="9"/>', '<path d="M6 1 11 11H1z"/>',
    '<path d="M6 0 12 6 6 12 0 6z"/>', '<path d="M6 11 11 1H1z"/>', '<path d="M4 1h4v3h3v4H8v3H4V8H1V4h3z"/>',
  ];
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({ width: 12, height: 12, viewBox: "0 0 12 12", "aria-hidden": "true" })) picture.setAttribute(name, value);
  // Of the constants above alone.
  picture.innerHTML = shapes[(DATA.families[family] ?? 0) % shapes.length];
  const isOpen = precision !== undefined && PRECISIONS.indexOf(precision) > 0;
  picture.style.fill = isOpen ? "none" : colour;
  picture.style.stroke = isOpen ? "var(--ink)" : "none";
  return picture;
}

function chips(box, names, picture, changed) {
  const chosen = new Set(names);
  box.append(...names.map((name) => {
    const input = element("input", { type: "checkbox", value: name });
    input.checked = true;
    input.addEventListener("change", () => {
      if (input.checked) chosen.add(name); else chosen.delete(name);
      changed(chosen);
    });
    return element("label", { class: "chip" }, input, picture(name), name);
  }));
}

function startFront() {
  if (!byId("front")) return;
  const redrawn = () => { draw("front", frontFigure); showTable(); };
  for (const side of ["x", "y"]) {
    const select = byId(`axis-${side}`);
    select.append(...REPORT.columns.map((column) => element("option", { value: column.name }, axisTitle(column.name))));
    select.value = AXES[side];
    select.addEventListener("change", () => { AXES[side] = select.value; setLog(); redrawn(); });
  }
  for (const id of ["log-x", "intervals", "dominated", "baseline"]) byId(id).addEventListener("change", redrawn);
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  chips(byId("families"), Object.keys(DATA.families), swatch, (chosen) => { STATE.families = chosen; redrawn(); });
  if (PRECISIONS.length > 1) {
    byId("precisions-box").hidden = false;
    chips(byId("precisions"), PRECISIONS, (name) => swatch(null, name), (chosen) => { STATE.precisions = chosen; redrawn(); });
  }
  byId("reset").addEventListener("click", () => Plotly.relayout(byId("front"), { "xaxis.autorange": true, "yaxis.autorange": true }));
  byId("save-svg").addEventListener("click", () => Plotly.downloadImage(byId("front"), { format: "svg", filename: "front", width: 900, height: 560 }));
  setLog();
  draw("front", frontFigure);
}

// Logarithmic where the values are far apart, as in the other figures.
function setLog() {
  const xs = drawable().map(({ place }) => scaled(place, AXES.x));
  byId("log-x").checked = xs.length > 0 && Math.min(...xs) > 0 && Math.max(...xs) / Math.min(...xs) >= 4;
}
