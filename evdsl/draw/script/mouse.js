// Mouse and touch.

const fingers = new Map();
let moved = 0;
stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  if (event.shiftKey) { fitted = false; box.x += event.deltaY / scaleOf(); draw(); return; }
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX, event.clientY);
}, { passive: false });
stage.addEventListener("pointerdown", (event) => {
  if (event.button || event.target.closest("button")) return;
  fingers.set(event.pointerId, event);
  moved = 0;
});
addEventListener("pointermove", (event) => {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  fingers.set(event.pointerId, event);
  const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
  moved += Math.abs(dx) + Math.abs(dy);
  if (moved < 4) return;
  stage.classList.add("dragging");
  if (fingers.size === 2) {
    const [a, b] = [...fingers.values()], far = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
    const other = a.pointerId === event.pointerId ? b : a;
    const was = Math.hypot(before.clientX - other.clientX, before.clientY - other.clientY);
    if (was) zoom(far / was, (a.clientX + b.clientX) / 2, (a.clientY + b.clientY) / 2);
  } else { fitted = false; box.x -= dx / scaleOf(); box.y -= dy / scaleOf(); draw(); }
});
for (const name of ["pointerup", "pointercancel"]) addEventListener(name, (event) => {
  fingers.delete(event.pointerId);
  stage.classList.remove("dragging");
});
stage.addEventListener("click", (event) => {
  if (moved >= 4 || event.target.closest("button")) return;
  const node = event.target.closest(".node");
  if (node && !node.classList.contains("join")) {
    mark(node.dataset.key);
    node.focus({ preventScroll: true });
    pin(node.dataset.key);
    // out from under the panel, but not while it may still become a double click
    setTimeout(() => { if (pinned && node.isConnected) bring(node); }, 400);
  }
  else if (!node) unpin();
});
stage.addEventListener("dblclick", (event) => {
  const node = event.target.closest(".node"), view = node && viewOf(node.dataset.key);
  if (view !== null && node && view !== shownView) go(view);
});
let hovered = null;
stage.addEventListener("pointerover", (event) => {
  if (pinned || fingers.size || find.value) return;
  const node = event.target.closest(".node"), key = node ? node.dataset.key : null;
  if (key !== hovered) { hovered = key; light(key); }
});
stage.addEventListener("pointerleave", () => { hovered = null; if (!pinned) lit(null); });
