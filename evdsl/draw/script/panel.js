// The panel: what is known of a step or group.

const panel = $("panel");
function link(n) {
  const b = make("button", nodes[n].label, "link mono");
  b.type = "button";
  b.onclick = () => choose(n);
  return b;
}
function place(arrow) {
  return make("span", " " + arrow.places.map(([f, l]) => `${data.files[f]}:${l}`).join(", "), "where");
}
function relation(arrow, inward) {
  const li = make("li");
  const other = inward ? arrow.from : arrow.to;
  const word = make("span", arrow.word + (arrow.closing ? " ↻" : "") + " ", `on-${arrow.look}-word`);
  if (isJoin(other) && inward) {
    li.append(make("span", "all of "));
    into[other].forEach((a, i) => { if (i) li.append(", "); li.append(link(a.from)); });
    li.append(" ", make("span", into[other][0].word, `on-${arrow.look}-word`), place(arrow));
  } else if (isJoin(other)) {
    li.append(word, "→ ", link(behindJoin(other)), make("span", " with ", "where"));
    into[other].filter((a) => a.from !== arrow.from).forEach((a, i) => { if (i) li.append(", "); li.append(link(a.from)); });
    li.append(place(arrow));
  } else if (inward) li.append(link(other), " ", word, place(arrow));
  else li.append(word, "→ ", link(other), place(arrow));
  if (arrow.off) li.append(make("span", " did not match", "where"));
  if (arrow.closing) li.append(make("span", " closes the cycle", "where"));
  return li;
}
function list(title, items) {
  if (!items.length) return;
  panel.append(make("h3", title));
  const ul = make("ul");
  const shown = items.slice(0, 60);
  ul.append(...shown);
  if (items.length > shown.length) ul.append(make("li", `… and ${items.length - shown.length} more`, "where"));
  panel.append(ul);
}
function header(title) {
  panel.replaceChildren();
  panel.hidden = false;
  const h = make("header"), close = make("button", "×", "close");
  close.type = "button";
  close.setAttribute("aria-label", "close");
  close.onclick = () => unpin();
  h.append(make("h2", title, "mono"), close);
  panel.append(h);
}
function describe(n) {
  const node = nodes[n];
  header(node.id);
  const first = make("p");
  first.append(make("span", node.word, "pill " + node.state), " ", node.took ? make("span", node.took) : "");
  panel.append(first);
  if (node.doc) panel.append(make("p", node.doc));
  const facts = [node.how && `driver ${node.how}`, node.host && `host ${node.host}`].filter(Boolean).join(", ");
  if (facts) panel.append(make("p", facts, "where"));
  if (node.because && node.because.length) {
    list("ran because", node.because.map((text) => make("li", text)));
  }
  if (node.misses) list("did not run because", node.misses.map((text) => make("li", text)));
  if (node.reason) { panel.append(make("h3", "reason")); panel.append(make("p", node.reason)); }
  if (node.log) {
    panel.append(make("h3", node.cut ? "end of its output" : "output"));
    panel.append(make("pre", node.log, "log"));
    if (node.path) panel.append(make("p", node.path, "where mono"));
  }
  list("is set off by", into[n].filter((a) => isRule(a) && a.look !== "again").map((a) => relation(a, true)));
  if (node.state === "certain") panel.append(make("p", "It starts by itself.", "where"));
  list("sets off", out[n].filter((a) => isRule(a) && a.look !== "again").map((a) => relation(a, false)));
  list("waits for", into[n].filter((a) => !isRule(a)).map((a) => relation(a, true)));
  list("is waited for by", out[n].filter((a) => !isRule(a)).map((a) => relation(a, false)));
  list("instances", [...into[n].map((a) => [a, a.from]), ...out[n].map((a) => [a, a.to])]
    .filter(([a]) => a.look === "again").map(([, m]) => { const li = make("li"); li.append(link(m)); return li; }));
}
function describeGroup(key) {
  const members = membersOf(key).filter((n) => !isJoin(n));
  const element = shapes.get(key);
  header(element.querySelector("title").textContent.split("\n")[0]);
  for (const line of element.querySelector("title").textContent.split("\n").slice(1)) panel.append(make("p", line, "where"));
  const view = viewOf(key);
  if (view !== null && view !== shownView) {
    const b = make("button", "Open its picture", "open");
    b.type = "button";
    b.onclick = () => go(view);
    panel.append(b);
  }
  list("in it", members.map((n) => { const li = make("li"); li.append(link(n), " ", make("span", nodes[n].word, "where")); return li; }));
}
const viewOf = (key) => (/^g\d+$/.test(key) ? Number(key.slice(1)) : null);

function pin(key) {
  const element = shapes.get(key);
  if (!element || element.classList.contains("join")) return;
  pinned = membersOf(key);
  lit(pinned);
  mark(key);
  if (element.classList.contains("group")) describeGroup(key); else describe(Number(key));
  rowMark();
}
function unpin() {
  pinned = null;
  lit(null);
  panel.hidden = true;
  rowMark();
}
/* Go to a step wherever it is drawn: the deepest picture that shows it as itself. */
function choose(n) {
  n = behindJoin(n);
  const key = String(n);
  if ($("tab-graph").getAttribute("aria-selected") === "true") {
    if (!shapes.has(key)) {
      const view = data.views.findIndex((v) => v.keys.some(([name]) => name === key));
      if (view >= 0) go(view, key);
    }
    focus(key, true);
  }
  pinned = [n];
  if (shapes.has(key)) pin(key); else { describe(n); rowMark(); }
}
