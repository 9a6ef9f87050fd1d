// The live list of deliveries. Without it the list is complete, and "Refresh" loads it anew.
(() => {
  "use strict";
  const find = (selector, root = document) => root.querySelector(selector);
  const on = (type, listen) => document.addEventListener(type, listen);
  const MOST = 200; // rows; then the list is loaded anew by the pill
  let paused = false, connected = false;

  /* so that "Back" leads to the list as well when it was the first page */
  history.replaceState({ ...history.state, htmx: true }, "");

  const live = state => {
    const place = find("#live");
    if (!place) return;
    place.dataset.state = paused ? "off" : state;
    find("[data-live-label]", place).textContent = paused ? "Paused" : { on: "Live", retry: "Reconnecting…", off: "Not live" }[state];
  };
  on("htmx:sse:after:connection", () => { connected = true; live("on"); });
  on("htmx:sse:before:connection", event => { if (event.detail.connection.attempt > 0) live("retry"); });
  on("htmx:sse:error", () => live(connected ? "retry" : "off"));

  const count = number => {
    const pill = find("#new-pill");
    if (!pill) return;
    const sum = (Number(pill.dataset.count) || 0) + number;
    pill.dataset.count = String(sum);
    pill.textContent = sum ? `${sum.toLocaleString("en")} new` : "Load the newest";
    pill.hidden = false;
  };
  const load = () => find("#new-pill")?.click();

  const parsed = text => {
    const place = document.createElement("template");
    place.innerHTML = text;
    return place.content.firstElementChild;
  };
  const put = (row, place) => { place(); htmx.process(row); };
  const replace = row => {
    const old = document.getElementById(row.id);
    if (!old) return false;
    const focused = old.contains(document.activeElement);
    row.className = old.className;
    put(row, () => old.replaceWith(row));
    if (focused) find("a.row", row).focus();
    return true;
  };
  const atTop = list => list.getBoundingClientRect().bottom > 0 && list.getBoundingClientRect().top > -40;

  /* ids are in the order of time: a row's place in the list is that of its id */
  const insert = row => {
    const list = find("#list"), body = find("#rows"), id = row.dataset.id;
    if (!list.dataset.top) { if (id > list.dataset.newest) count(1); return; }
    if (!body) { load(); return; }
    const after = [...body.children].find(other => other.dataset.id < id);
    if (!after && list.dataset.full) return; // it stands on a later page
    const newest = after === body.firstElementChild;
    if (newest && (paused || !atTop(list) || body.children.length >= MOST)) { seen(id) || count(1); return; }
    row.classList.add("fresh");
    put(row, () => body.insertBefore(row, after || null));
  };
  const counted = new Set();
  const seen = id => counted.has(id) || !counted.add(id);

  /* an open delivery that has changed is shown as it is now, where it stands */
  const renew = id => {
    const panel = find("#panel[data-id]");
    if (!panel || panel.dataset.id !== id) return;
    const focused = panel.contains(document.activeElement);
    htmx.ajax("GET", panel.dataset.path, { target: "#panel", swap: "outerHTML" }).then(() => { if (focused) find("#panel").focus({ preventScroll: true }); });
  };
  const hear = (event, fresh) => {
    const row = parsed(event.detail.data);
    if (paused) { if (fresh && row.dataset.id > find("#list").dataset.newest && !document.getElementById(row.id) && !seen(row.dataset.id)) count(1); return; }
    if (!replace(row) && fresh) insert(row);
    renew(row.dataset.id);
  };
  on("delivery-new", event => hear(event, true));
  on("delivery-changed", event => hear(event, false));
  on("delivery-reload", () => { if (!paused && find("#list").dataset.top && atTop(find("#list"))) load(); else count(0); });

  on("click", event => {
    const button = event.target.closest("#live-toggle");
    if (!button) return;
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    find("span", button).textContent = paused ? "Resume" : "Pause";
    live(connected ? "on" : "off");
    if (!paused) load();
  });

  /* the panel: its row is marked; closing it leads back there */
  const mark = () => {
    const id = find("#panel")?.dataset.id;
    document.querySelectorAll("tr.selected").forEach(row => { row.classList.remove("selected"); find("a.row", row).removeAttribute("aria-current"); });
    const row = id && document.getElementById("r-" + id);
    if (row) { row.classList.add("selected"); find("a.row", row).setAttribute("aria-current", "true"); }
  };
  let opening = "";
  on("htmx:before:request", event => { opening = event.detail.ctx.sourceElement.matches?.("a.row") ? event.detail.ctx.target?.id : ""; });
  on("htmx:after:swap", () => {
    if (!find("#list")) return;
    counted.clear();
    mark();
    const panel = find("#panel[data-id]");
    if (opening !== "panel" || !panel) return;
    opening = "";
    panel.focus({ preventScroll: true });
    const top = panel.getBoundingClientRect().top;
    if (top < 0 || top > innerHeight / 2) panel.scrollIntoView();
  });
  on("click", event => {
    const link = event.target.closest("[data-panel-close]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !find("#list")) return;
    event.preventDefault();
    const id = find("#panel").dataset.id, place = document.createElement("div");
    place.id = "panel";
    find("#panel").replaceWith(place);
    history.pushState({ htmx: true }, "", link.href);
    mark();
    (find(`#r-${CSS.escape(id)} a.row`) || find("[data-slash]")).focus();
  });
})();
