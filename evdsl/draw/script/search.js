// Search.

const find = $("find"), results = $("results");
let found = [], at = -1;
function search() {
  found = find.value.trim() ? searched(find.value.trim()) : [];
  at = found.length ? 0 : -1;
  results.replaceChildren();
  results.hidden = !find.value.trim();
  find.setAttribute("aria-expanded", String(!results.hidden));
  found.slice(0, 40).forEach((n, i) => {
    const li = make("li");
    li.id = "result-" + i;
    li.setAttribute("role", "option");
    li.append(make("span", nodes[n].id, "mono"), " ", make("span", nodes[n].word, "pill " + nodes[n].state));
    li.addEventListener("pointerdown", (event) => { event.preventDefault(); take(i); });
    results.append(li);
  });
  if (!results.hidden) {
    const more = found.length > 40 ? `${found.length} found, the first 40 are listed` : found.length ? `${found.length} found` : "nothing found";
    results.append(make("li", more, "more"));
    results.lastChild.setAttribute("role", "status");
  }
  point();
  if (find.value.trim()) lit(null);
  showFound();
  rowFilter();
}
function point() {
  [...results.children].forEach((li, i) => { if (li.id) li.setAttribute("aria-selected", String(i === at)); });
  if (at >= 0) find.setAttribute("aria-activedescendant", "result-" + at); else find.removeAttribute("aria-activedescendant");
}
/* All fade but those that are meant. */
function fade() {
  const searching = Boolean(find.value.trim());
  svg.classList.toggle("fades", svg.classList.contains("lit") || searching);
}
function showFound() {
  if (!svg) return;
  for (const element of svg.querySelectorAll(".found")) element.classList.remove("found");
  fade();
  for (const n of found) { const e = shapes.get(where.get(n)); if (e) e.classList.add("found"); }
}
function take(i) {
  const n = found[i];
  if (n === undefined) return;
  results.hidden = true;
  find.setAttribute("aria-expanded", "false");
  find.value = "";
  found = [];
  showFound();
  rowFilter();
  choose(n);
}
find.addEventListener("input", search);
find.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const most = Math.min(found.length, 40);
    if (most) at = (at + (event.key === "ArrowDown" ? 1 : most - 1)) % most;
    point();
  } else if (event.key === "Enter") take(at);
  else return;
  event.preventDefault();
});
find.addEventListener("blur", () => { results.hidden = true; find.setAttribute("aria-expanded", "false"); });
find.addEventListener("focus", () => { if (find.value.trim()) search(); });
