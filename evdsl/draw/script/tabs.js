// Tabs, theme, the rest.

const tabs = [...document.querySelectorAll("[role=tab]")];
function tab(button) {
  for (const other of tabs) {
    other.setAttribute("aria-selected", String(other === button));
    other.tabIndex = other === button ? 0 : -1;
    $(other.getAttribute("aria-controls")).hidden = other !== button;
  }
  if (button.id === "tab-table") table();
  if (button.id === "tab-graph") draw();
}
tabs.forEach((button, i) => {
  button.onclick = () => tab(button);
  button.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: tabs.length - 1 }[event.key];
    if (step) { const next = tabs[(i + step) % tabs.length]; tab(next); next.focus(); event.stopPropagation(); }
  };
});
const kept = { get: () => { try { return localStorage.getItem("evdsl-theme"); } catch { return null; } },
  set: (value) => { try { localStorage.setItem("evdsl-theme", value); } catch { /* a page from a file may not */ } } };
function theme() {
  const root = document.documentElement;
  const dark = (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  root.dataset.theme = dark ? "light" : "dark";
  kept.set(root.dataset.theme);
}
const before = kept.get();
if (before === "dark" || before === "light") document.documentElement.dataset.theme = before;
$("theme").onclick = theme;
$("in").onclick = () => zoom(1.25);
$("out").onclick = () => zoom(0.8);
$("fit").onclick = fit;
$("about").onclick = () => $("help").showModal();
for (const element of document.querySelectorAll("[data-step]")) {
  element.addEventListener("click", () => { const n = ids.get(element.dataset.step); if (n !== undefined) choose(n); });
}
let width = 0;
new ResizeObserver(() => {
  // keep the scale and the middle when the panel opens or the window changes
  const w = stage.clientWidth, h = stage.clientHeight;
  if (!w || !h || !box) return;
  if (!width || fitted) { width = w; if (fitted) fit(); else begin(); apply(); return; }
  const scale = width / box.w;
  box = { x: box.x + (box.w - w / scale) / 2, y: box.y + (box.h - h / scale) / 2, w: w / scale, h: h / scale };
  width = w;
  apply();
}).observe(stage);
let screen = null;
addEventListener("beforeprint", () => {
  table();
  screen = box;
  svg.classList.remove("far", "farther");
  svg.setAttribute("viewBox", `0 0 ${full.w} ${full.h}`);
});
addEventListener("afterprint", () => { box = screen; apply(); });

for (const id of ["tabs", "tools", "search"]) $(id).hidden = false;
const asked = /^#view-(\d+)$/.exec(location.hash);
open(asked ? Number(asked[1]) : 0);
width = stage.clientWidth;
globalThis.evdsl = { selected: (text) => selected(text).map((n) => nodes[n].id) };
