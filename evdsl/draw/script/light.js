// Causes and consequences.

let pinned = null, marked = [];
const membersOf = (key) => {
  const found = data.views[shownView].keys.find(([name]) => name === key);
  return found ? found[1] : [];
};
function put(element, cls) { if (element) { element.classList.add(cls); marked.push([element, cls]); } }
function lit(begin) {
  for (const [element, cls] of marked) element.classList.remove(cls);
  marked = [];
  if (!svg) return;
  svg.classList.toggle("lit", begin !== null);
  fade();
  if (begin === null) return;
  const own = new Set(begin.map((n) => where.get(n)));
  const dense = svg.querySelector(".dense") !== null;  // there, lines beyond the first would hide each other
  for (const key of own) put(shapes.get(key), "self");
  for (const [lists, end, cls] of [[into, "from", "cause"], [out, "to", "effect"]]) {
    const { seen, arrows } = reach(begin, lists, end);
    for (const n of seen) { const key = where.get(n); if (key !== undefined && !own.has(key)) put(shapes.get(key), cls); }
    for (const arrow of arrows) {
      if (dense && !own.has(where.get(arrow.from)) && !own.has(where.get(arrow.to))) continue;
      for (const e of between.get(where.get(arrow.from) + ">" + where.get(arrow.to)) || []) put(e, cls);
    }
  }
  for (const n of begin) for (const arrow of [...into[n], ...out[n]]) {
    if (!isRule(arrow)) for (const e of between.get(where.get(arrow.from) + ">" + where.get(arrow.to)) || []) put(e, "near");
  }
}
const light = (key) => lit(key === null ? pinned : membersOf(key));
