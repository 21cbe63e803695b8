// Selectors: the same as on the command line.

function pattern(text) {
  const names = new Map();
  const body = text.split(/(\*\*|\*|<\w+>)/).map((part) => {
    if (part === "**") return ".*";
    if (part === "*") return "[^.]*";
    if (/^<\w+>$/.test(part)) {
      if (names.has(part)) return "\\" + names.get(part);
      names.set(part, names.size + 1);
      return "([^.]+)";
    }
    return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp("^" + body.join("") + "$", "su");
}
const isPattern = (text) => /[*<]/.test(text);
const nameOf = (node) => node.id.replace(/#\d+$/, "");
function named(core) {
  const steps = [...Array(data.steps).keys()];
  const test = isPattern(core) ? ((p) => (text) => p.test(text))(pattern(core.replace(/^@/, ""))) : null;
  if (core.startsWith("@")) {
    return steps.filter((s) => nodes[s].host && (test ? test(nodes[s].host) : nodes[s].host === core.slice(1)));
  }
  if (test) return steps.filter((s) => test(nameOf(nodes[s])) || test(nodes[s].resource));
  for (const fits of [
    (n) => n.id === core || nameOf(n) === core,
    (n) => n.resource === core,
    (n) => n.resource.startsWith(core + "."),
  ]) {
    const found = steps.filter((s) => fits(nodes[s]));
    if (found.length) return found;
  }
  return [];
}
function within(begin, lists, end, far) {
  const seen = new Set(begin);
  let edge = begin;
  while (edge.length && far-- > 0) {
    const next = new Set();
    for (const s of edge) for (const arrow of lists[s]) {
      if (!isRule(arrow)) continue;
      const other = arrow[end];
      const all = isJoin(other) ? (end === "to" ? [behindJoin(other)] : into[other].map((a) => a.from)) : [other];
      for (const n of all) if (!seen.has(n)) { seen.add(n); next.add(n); }
    }
    edge = [...next];
  }
  return seen;
}
function selected(selector) {
  let own = named(selector);
  if (own.length) return own;
  const form = /^(?:(\d{0,6})\+)?(.+?)(?:\+(\d{0,6}))?$/s.exec(selector);
  if (!form) return [];
  own = named(form[2]);
  const found = new Set(own);
  const far = (text) => (text === "" ? Infinity : Number(text));
  if (form[1] !== undefined) for (const n of within(own, into, "from", far(form[1]))) found.add(n);
  if (form[3] !== undefined) for (const n of within(own, out, "to", far(form[3]))) found.add(n);
  return [...found].sort((a, b) => a - b);
}
function searched(text) {
  const found = new Set();
  for (const word of text.split(/\s+/).filter(Boolean)) {
    let own = [];
    try { own = selected(word); } catch { /* a pattern that is none is a text */ }
    if (!own.length || /^[^+*<@]+$/.test(word)) {
      const low = word.toLowerCase();
      own = [...own, ...Array(data.steps).keys()].filter((s) =>
        [nodes[s].id, nodes[s].host, nodes[s].doc, nodes[s].word].some((t) => t && t.toLowerCase().includes(low)));
    }
    for (const n of own) found.add(n);
  }
  return [...found].sort((a, b) => a - b);
}
