"use strict";
// What all figures share. Texts of data reach the page as text nodes only, and Plotly escaped.

const SYMBOLS = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross"];
const FILLS = ["", "-open", "-open-dot"];
const DRAWN = new Map();

function byId(id) {
  return document.getElementById(id);
}

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "class") made.className = value;
    else if (value !== undefined && value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// Plotly reads markup in its texts.
function plain(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function grouped(value, decimals) {
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

function threeDigits(value) {
  if (value === 0) return "0.00";
  return grouped(value, Math.min(20, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))));
}

function theme() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(name).trim();
  return {
    ink: read("--ink"), muted: read("--muted"), grid: read("--grid"), line: read("--line"), card: read("--card"),
    front: read("--front"), accent: read("--accent"),
    families: [0, 1, 2, 3, 4, 5].map((place) => read(`--family-${place}`)),
    steps: [0, 1, 2, 3, 4].map((place) => read(`--step-${place}`)),
  };
}

function faded(colour, alpha) {
  const parts = /^#(..)(..)(..)$/.exec(colour);
  if (!parts) return colour;
  return `rgba(${parts.slice(1).map((part) => parseInt(part, 16)).join(",")},${alpha})`;
}

function axis(colours, title, more) {
  return {
    title: { text: plain(title), standoff: 10 }, gridcolor: colours.grid, linecolor: colours.line, zeroline: false,
    tickfont: { color: colours.muted }, automargin: true, exponentformat: "power", ...more,
  };
}

function layout(colours, x, y, more) {
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, hovermode: "closest",
    font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: colours.ink },
    margin: { l: 64, r: 16, t: 12, b: 52 },
    hoverlabel: { bgcolor: colours.card, bordercolor: colours.line, font: { color: colours.ink, size: 13 }, align: "left" },
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    xaxis: x, yaxis: y, ...more,
  };
}

// Draws a figure now, and anew when the colours change.
function draw(id, figure) {
  const box = byId(id);
  if (!box) return;
  const isNew = !DRAWN.has(id);
  DRAWN.set(id, figure);
  const { traces, layout: laid } = figure(theme());
  Plotly.react(box, traces, laid, { displayModeBar: false, responsive: true, doubleClick: "reset" });
  // So that a printed page, which is narrower, shrinks the drawing.
  for (const drawing of box.querySelectorAll(".main-svg")) {
    drawing.setAttribute("viewBox", `0 0 ${drawing.getAttribute("width")} ${drawing.getAttribute("height")}`);
  }
  if (isNew) box.on("plotly_click", (event) => {
    const trial = event.points[0].customdata;
    if (typeof trial === "number") choose(trial);
  });
}

function redraw() {
  for (const [id, figure] of DRAWN) draw(id, figure);
}

// The first figure at once, the others when there is time: of thousands of trials each takes a while.
function redrawSoon() {
  const [first, ...others] = DRAWN;
  if (first) draw(...first);
  for (const other of others) setTimeout(() => draw(...other), 0);
}

// 1, 2 and 5 of each power of ten, or fewer where there are many powers.
function logTicks(values) {
  const known = values.filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...known))), high = Math.ceil(Math.log10(Math.max(...known)));
  const steps = high - low > 4 ? [1] : innerWidth < 700 || high - low > 2 ? [1, 2, 5] : [1, 2, 3, 5, 7];
  const ticks = [];
  for (let power = low; power <= high; power += 1) for (const step of steps) ticks.push(Number(`${step}e${power}`));
  return { tickvals: ticks, ticktext: ticks.map((tick) => tick.toLocaleString("en-US", { maximumSignificantDigits: 3 })) };
}

function logRange(values) {
  const known = values.filter((value) => value > 0);
  const low = Math.log10(Math.min(...known)), high = Math.log10(Math.max(...known));
  const pad = 0.05 * (high - low || 1);
  return [low - pad, high + pad];
}
