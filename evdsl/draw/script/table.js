// The table, made when it is first looked at.

let rows = null;
function table() {
  if (rows) return;
  rows = [];
  const body = $("rows");
  for (let n = 0; n < data.steps; n++) {
    const node = nodes[n], tr = make("tr");
    const state = make("td");
    state.append(make("span", node.word, "pill " + node.state));
    const causes = node.because || node.misses ? node.because || node.misses : into[n].filter((a) => isRule(a) && a.look !== "again").map((a) =>
      isJoin(a.from) ? "all of " + into[a.from].map((b) => nodes[b.from].label).join(", ") + " " + into[a.from][0].word
        : `${nodes[a.from].label} ${a.word}`);
    const name = make("td");
    const b = make("button", node.label, "link mono");
    b.type = "button";
    name.append(b);
    tr.append(name, state);
    if (data.run) tr.append(make("td", node.took || "", "num"));
    tr.append(make("td", node.host || ""), make("td", causes.slice(0, 4).join("; ") + (causes.length > 4 ? "; …" : "")));
    if (data.run) tr.append(make("td", node.reason || ""));
    tr.addEventListener("click", () => choose(n));
    rows.push(tr);
  }
  body.append(...rows);
  rowFilter();
  rowMark();
}
function rowFilter() {
  if (!rows) return;
  const kept = find.value.trim() ? new Set(found) : null;
  rows.forEach((tr, n) => { tr.hidden = kept !== null && !kept.has(n); });
}
function rowMark() {
  const own = new Set(pinned || []);
  if (rows) rows.forEach((tr, n) => tr.classList.toggle("self", own.has(n)));
}
