// The plan as a graph: rules lead on, orders only wait.

const isRule = (arrow) => arrow.look !== "needs" && arrow.look !== "after";
const into = nodes.map(() => []), out = nodes.map(() => []);
for (const arrow of data.arrows) { out[arrow.from].push(arrow); into[arrow.to].push(arrow); }
const isJoin = (n) => n >= data.steps;
const behindJoin = (n) => (isJoin(n) ? out[n][0].to : n);
const ids = new Map(nodes.map((node, n) => [node.id, n]));

function reach(begin, lists, end) {
  const seen = new Set(begin), arrows = new Set(), todo = [...begin];
  while (todo.length) {
    for (const arrow of lists[todo.pop()]) {
      if (!isRule(arrow) || arrow.off) continue;
      arrows.add(arrow);
      if (!seen.has(arrow[end])) { seen.add(arrow[end]); todo.push(arrow[end]); }
    }
  }
  return { seen, arrows };
}
