// The picture that is shown: pan, zoom.

let svg = null, shownView = 0, full = null, box = null, shapes = new Map(), edges = [], where = new Map(), between = new Map();
const parts = data.views.map(() => null);
const HEAVY = 600;  // above so many things, moving shifts what is drawn, and it is drawn anew when the hand rests
let drawn = null, heavy = false, waiting = false, rest = 0;

function apply() {
  waiting = false;
  if (!svg) return;
  if (drawn && heavy) {
    const k = drawn.w / box.w, s = stage.clientWidth / box.w;
    svg.style.transform = `translate(${(drawn.x - box.x) * s}px, ${(drawn.y - box.y) * s}px) scale(${k})`;
    clearTimeout(rest);
    rest = setTimeout(settle, 130);
  } else settle();
}
function settle() {
  clearTimeout(rest);
  svg.style.transform = "";
  drawn = { ...box };
  svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.w} ${box.h}`);
  const scale = stage.clientWidth / box.w;
  svg.classList.toggle("far", scale < 0.42);
  svg.classList.toggle("farther", scale < 0.2);
}
function draw() { if (!waiting) { waiting = true; requestAnimationFrame(apply); } }
function scaleOf() { return stage.clientWidth / box.w; }
let fitted = true;  // as long as nobody moved it, a picture that fitted goes on to fit
function fit() {
  fitted = true;
  const w = Math.max(stage.clientWidth, 1), h = Math.max(stage.clientHeight, 1);
  const scale = Math.min(w / full.w, h / full.h, 1.25);
  box = { w: w / scale, h: h / scale };
  box.x = (full.w - box.w) / 2;
  box.y = (full.h - box.h) / 2;
  draw();
  return scale;
}
function begin() {
  // a picture too large to read as a whole begins where its first step stands
  if (fit() >= 0.5) return;
  fitted = false;
  const scale = 0.75, first = [...shapes.values()][0];
  box.w = stage.clientWidth / scale;
  box.h = stage.clientHeight / scale;
  const at = placeOf(first);
  box.x = box.w >= full.w ? (full.w - box.w) / 2 : Math.min(Math.max(at.x - 40, 0), full.w - box.w);
  box.y = box.h >= full.h ? (full.h - box.h) / 2 : Math.min(Math.max(at.y - box.h / 3, 0), full.h - box.h);
  draw();
}
function zoom(factor, px, py) {
  fitted = false;
  const scale = Math.min(Math.max(scaleOf() * factor, 0.02), 4);
  const r = stage.getBoundingClientRect();
  const fx = (px === undefined ? r.width / 2 : px - r.left) / r.width, fy = (py === undefined ? r.height / 2 : py - r.top) / r.height;
  const w = r.width / scale, h = r.height / scale;
  box = { x: box.x + (box.w - w) * fx, y: box.y + (box.h - h) * fy, w, h };
  draw();
}
function placeOf(element) {
  const m = /translate\(([-\d.]+) ([-\d.]+)\)/.exec(element.getAttribute("transform"));
  const rect = element.querySelector(".box");
  return { x: Number(m[1]) + 24, y: Number(m[2]) + 24, w: Number(rect.getAttribute("width") || 24), h: Number(rect.getAttribute("height") || 24) };
}
function bring(element) {
  const p = placeOf(element), pad = 30;
  if (scaleOf() < 0.42) zoom(0.7 / scaleOf());
  const beside = panel.hidden || panel.offsetWidth >= stage.clientWidth ? 0 : panel.offsetWidth / scaleOf();
  const w = box.w - beside;
  if (p.x - pad < box.x || p.x + p.w + pad > box.x + w) { box.x = p.x + p.w / 2 - w / 2; fitted = false; }
  if (p.y - pad < box.y || p.y + p.h + pad > box.y + box.h) { box.y = p.y + p.h / 2 - box.h / 2; fitted = false; }
  draw();
}

function open(view, key) {
  if (!data.views[view]) view = 0;
  if (svg) { unpin(); svg.remove(); }
  drawn = null;
  shownView = view;
  if (!parts[view]) {
    const held = $("view-" + view);
    parts[view] = (held.content || held).querySelector("svg");
    held.remove();
  }
  svg = parts[view];
  stage.append(svg);
  const [, , w, h] = (svg.dataset.full || svg.getAttribute("viewBox")).split(" ").map(Number);
  svg.dataset.full = `0 0 ${w} ${h}`;
  full = { w, h };
  shapes = new Map(); where = new Map(); between = new Map();
  for (const element of svg.querySelectorAll(".node")) shapes.set(element.dataset.key, element);
  for (const [name, members] of data.views[view].keys) for (const n of members) where.set(n, name);
  edges = [...svg.querySelectorAll(".edge")];
  for (const element of edges) {
    const name = element.dataset.from + ">" + element.dataset.to;
    if (!between.has(name)) between.set(name, []);
    between.get(name).push(element);
  }
  heavy = shapes.size + 2 * edges.length > HEAVY;
  stage.classList.toggle("heavy", heavy);
  crumbs();
  begin();
  if (key !== undefined && shapes.has(key)) focus(key, true); else mark(shapes.keys().next().value);
  showFound();
}
function crumbs() {
  const line = [], nav = $("crumbs");
  for (let v = shownView; v !== null; v = data.views[v].parent) line.unshift(v);
  nav.replaceChildren();
  nav.hidden = data.views.length < 2;
  line.forEach((v, i) => {
    if (i) nav.append(make("span", "›"));
    const text = v ? data.views[v].title : "all";
    if (v === shownView) nav.append(make("strong", text));
    else { const b = make("button", text); b.type = "button"; b.onclick = () => go(v); nav.append(b); }
  });
}
function go(view, key) {
  try { history.pushState({ view }, "", "#view-" + view); } catch { /* a page from a file may not */ }
  open(view, key);
}
addEventListener("popstate", () => {
  const m = /^#view-(\d+)$/.exec(location.hash);
  open(m ? Number(m[1]) : 0);
});
