// Keyboard: one stop for the whole picture, arrows along the rules.

let current = null;
function mark(key) {
  if (current && shapes.has(current)) shapes.get(current).setAttribute("tabindex", "-1");
  current = key;
  const element = shapes.get(key);
  if (element) element.setAttribute("tabindex", "0");
}
function focus(key, see) {
  const element = shapes.get(key);
  if (!element) return;
  mark(key);
  element.focus({ preventScroll: true });
  stage.scrollTo(0, 0);
  if (see) bring(element);
}
function beside(key, side) {
  const from = side === "to" ? "from" : "to", me = placeOf(shapes.get(key));
  const hop = (k, seen) => edges.filter((e) => e.dataset[from] === k).flatMap((e) => {
    const other = e.dataset[side];
    if (seen.has(other)) return [];
    seen.add(other);
    return shapes.get(other).classList.contains("join") ? hop(other, seen) : [other];
  });
  return hop(key, new Set([key])).sort((a, b) =>
    Math.abs(placeOf(shapes.get(a)).y - me.y) - Math.abs(placeOf(shapes.get(b)).y - me.y))[0];
}
function above(key, sign) {
  const me = placeOf(shapes.get(key));
  let best, least = Infinity;
  for (const [other, element] of shapes) {
    if (other === key || element.classList.contains("join")) continue;
    const p = placeOf(element), dy = (p.y - me.y) * sign, dx = Math.abs(p.x + p.w / 2 - me.x - me.w / 2);
    if (dy > 1 && dy + 3 * dx < least) { least = dy + 3 * dx; best = other; }
  }
  return best;
}
stage.addEventListener("keydown", (event) => {
  const key = current;
  if (!key || event.ctrlKey || event.metaKey || event.altKey) return;
  const moves = {
    ArrowRight: () => beside(key, "to"), ArrowLeft: () => beside(key, "from"),
    ArrowDown: () => above(key, 1), ArrowUp: () => above(key, -1),
    Home: () => shapes.keys().next().value,
  };
  if (moves[event.key]) {
    const next = moves[event.key]();
    if (next !== undefined) { focus(next, true); if (!pinned) light(next); }
  } else if (event.key === "Enter" || event.key === " ") {
    const view = viewOf(key);
    if (event.key === "Enter" && view !== null && view !== shownView) go(view); else pin(key);
  } else return;
  event.preventDefault();
});
stage.addEventListener("focusin", (event) => {
  const node = event.target.closest(".node");
  if (node && node.matches(":focus-visible") && !pinned) light(node.dataset.key);
});
stage.addEventListener("focusout", () => { if (!pinned) lit(null); });
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    if ($("help").open) return;
    if (!$("results").hidden || find.value) { find.value = ""; search(); if (document.activeElement === find) focus(current); }
    else if (pinned) unpin();
    else if (data.views[shownView].parent !== null) go(data.views[shownView].parent, "g" + shownView);
    return;
  }
  if (event.target.matches("input")) return;
  const act = {
    "/": () => find.focus(), "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), "0": fit,
    t: theme, "?": () => $("help").showModal(),
  }[event.key];
  if (act) { event.preventDefault(); act(); }
});
