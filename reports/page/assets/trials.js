// The trials as rows: what is chosen, the table, and all numbers of one.

const DATA = JSON.parse(byId("data").textContent);
const REPORT = DATA.report;
const COLUMNS = DATA.trials;
const ROWS = COLUMNS.trial.map((trial, place) => ({ trial, place }));
const PLACES = new Map(ROWS.filter((row) => row.trial !== null).map((row) => [row.trial, row.place]));
const ON_FRONT = new Set(REPORT.front.map((row) => row.trial));
const IS_BASELINE = (place) => COLUMNS.trial[place] === null;
const PAGE_ROWS = 15;
const TEXTS = new Set(["arch_id", "family", "state", "precision", "source", "target", "reason"]);
const STATE = { chosen: null, shown: "trained", sorted: null, falling: false, first: 0, families: null, precisions: null };

function valueOf(place, name) {
  const column = COLUMNS[name];
  return column === undefined ? null : column[place];
}

function headingOf(name) {
  const form = DATA.forms[name];
  return form ? form.heading : DATA.labels[name] || name.replace(/^config\./, "").replaceAll("_", " ");
}

function written(name, value) {
  const form = DATA.forms[name];
  if (!form) return Number.isInteger(value) ? grouped(value, 0) : value.toLocaleString("en-US", { maximumSignificantDigits: 4 });
  const shown = value / form.divisor;
  return form.decimals === null ? threeDigits(shown) : grouped(shown, form.decimals);
}

// A value of a trial, marked with where it stands in trials.csv.
function cellOf(place, name) {
  const value = valueOf(place, name);
  if (value === null) return "";
  const trial = COLUMNS.trial[place];
  const marks = { "data-trial": trial === null ? "" : trial, "data-column": name };
  if (typeof value !== "number") return element("span", marks, ...value.split(/(?<=,)(?=[A-Za-z])/).flatMap((part) => [part, element("wbr")]));
  const divisor = DATA.forms[name] ? DATA.forms[name].divisor : 1;
  return element("data", { ...marks, value, "data-divisor": divisor }, written(name, value));
}

function isShown(place) {
  const family = valueOf(place, "family"), precision = valueOf(place, "precision");
  return (!STATE.families || STATE.families.has(family)) && (!STATE.precisions || precision === null || STATE.precisions.has(precision));
}

function choose(trial) {
  if (!PLACES.has(trial)) return;
  STATE.chosen = trial;
  showDetail();
  showTable();
  redrawSoon();
}

function showDetail() {
  const box = byId("detail");
  if (!box || STATE.chosen === null) return;
  const place = PLACES.get(STATE.chosen);
  const list = element("dl");
  // What it is worth, what it is, and how that came about.
  const worth = ["trial", "family", ...REPORT.objectives, ...REPORT.columns.map((column) => column.name)];
  const design = Object.keys(COLUMNS).filter((name) => name.startsWith("config."));
  for (const name of new Set([...worth, ...design, ...Object.keys(COLUMNS)])) {
    if (valueOf(place, name) === null || name === "arch_id") continue;
    list.append(element("div", {}, element("dt", {}, headingOf(name)), element("dd", {}, cellOf(place, name))));
  }
  const note = ON_FRONT.has(STATE.chosen) ? " on the front" : "";
  box.replaceChildren(element("h3", {}, cellOf(place, "arch_id")), element("p", { class: "note" }, `A ${valueOf(place, "state")} network${note}.`), list);
}

function tableColumns() {
  const wanted = ["trial", "arch_id", "family", "precision", ...REPORT.objectives, "psnr_y_db", "ssim_y", "latency_ms", "macs", "params", "state"];
  return [...new Set(wanted)].filter((name) => COLUMNS[name] && (name !== "precision" || new Set(COLUMNS.precision.filter(Boolean)).size > 1));
}

function tableRows() {
  const kept = ROWS.filter(({ trial, place }) => {
    if (trial === null || !isShown(place)) return false;
    if (STATE.shown === "front") return ON_FRONT.has(trial);
    return STATE.shown === "all" || valueOf(place, "state") === STATE.shown;
  });
  const name = STATE.sorted;
  if (!name) return kept;
  const sign = STATE.falling ? -1 : 1;
  return kept.sort((one, other) => {
    const a = valueOf(one.place, name), b = valueOf(other.place, name);
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (a < b ? -1 : a > b ? 1 : 0);
  });
}

function showTable() {
  const table = byId("trials");
  if (!table) return;
  const rows = tableRows(), columns = tableColumns();
  STATE.first = Math.max(0, Math.min(STATE.first, rows.length - 1));
  STATE.first -= STATE.first % PAGE_ROWS;
  const page = rows.slice(STATE.first, STATE.first + PAGE_ROWS);
  const focused = document.activeElement && table.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const head = columns.map((name) => {
    const sorted = STATE.sorted === name ? (STATE.falling ? "descending" : "ascending") : null;
    const mark = sorted ? (STATE.falling ? " \u2193" : " \u2191") : "";
    const button = element("button", { type: "button", "data-sort": name, "data-key": `sort-${name}` }, name === "arch_id" ? "architecture" : headingOf(name), mark);
    return element("th", { scope: "col", class: TEXTS.has(name) ? "" : "number", "aria-sort": sorted }, button);
  });
  table.tHead.replaceChildren(element("tr", {}, ...head));
  table.tBodies[0].replaceChildren(...page.map(({ trial, place }) => {
    const cells = columns.map((name) => {
      if (name === "trial") {
        const marks = { type: "button", class: "trial", "data-select": trial, "data-key": `trial-${trial}`, "aria-pressed": String(trial === STATE.chosen) };
        return element("td", { class: "number" }, element("button", marks, cellOf(place, name)));
      }
      return element(name === "arch_id" ? "th" : "td", { scope: name === "arch_id" ? "row" : null, class: TEXTS.has(name) ? "" : "number" }, cellOf(place, name));
    });
    return element("tr", { class: trial === STATE.chosen ? "chosen" : "" }, ...cells);
  }));
  const last = STATE.first + page.length;
  byId("table-count").textContent = rows.length ? `${STATE.first + 1} to ${last} of ${grouped(rows.length, 0)}` : "none";
  byId("previous").disabled = STATE.first === 0;
  byId("next").disabled = last >= rows.length;
  if (focused) table.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function startTable() {
  const states = byId("table-states");
  if (!states) return;
  const counts = REPORT.counts.states;
  const options = [["front", "the front"], ...Object.keys(counts).map((state) => [state, state]), ["all", "all trials"]];
  states.append(...options.map(([value, text]) => element("option", { value }, text)));
  STATE.shown = counts.trained ? "trained" : "all";
  states.value = STATE.shown;
  states.addEventListener("change", () => { STATE.shown = states.value; STATE.first = 0; showTable(); });
  byId("previous").addEventListener("click", () => { STATE.first -= PAGE_ROWS; showTable(); });
  byId("next").addEventListener("click", () => { STATE.first += PAGE_ROWS; showTable(); });
  const first = REPORT.objectives[0];
  if (COLUMNS[first]) {
    STATE.sorted = first;
    STATE.falling = REPORT.columns.some((column) => column.name === first && column.direction === "maximise");
  }
  byId("trials").addEventListener("click", (event) => {
    const button = event.target.closest("[data-sort]");
    if (!button) return;
    STATE.falling = STATE.sorted === button.dataset.sort ? !STATE.falling : false;
    STATE.sorted = button.dataset.sort;
    STATE.first = 0;
    showTable();
  });
  byId("trials").addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const button = event.target.closest("[data-select]");
    if (!step || !button) return;
    const buttons = [...byId("trials").querySelectorAll("tbody [data-select]")];
    const other = buttons[buttons.indexOf(button) + step];
    if (other) { event.preventDefault(); other.focus(); }
  });
  showTable();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-select]");
  if (!button) return;
  choose(Number(button.dataset.select));
  if (!byId("explore")?.contains(button)) byId("explore")?.scrollIntoView();
});
