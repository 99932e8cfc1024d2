
// Values under the pointer, the finger or the arrow keys. A row of the table behind a figure is
// drawn at its place; what is shown are the row's cells.
const make = (tag, className, text = "") => {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
};

const readable = (frame) => {
  const table = frame.parentElement.querySelector(".behind table");
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const points = frame.dataset.places.split(" ")
    .map((place, row) => ({ row, at: place.split(",").map(Number), drawn: place !== "-" }))
    .filter((point) => point.drawn);
  if (points.length === 0) return;
  const stage = make("div", "stage");  // over the picture, whose own text stays readable
  const point = make("span", "point"), values = make("div", "values");
  values.setAttribute("role", "status");
  let current = null;
  stage.append(point, values);
  stage.tabIndex = 0;
  stage.setAttribute("role", "application");
  stage.setAttribute("aria-label",
    `Values of ${frame.dataset.name}: arrow keys go from point to point`);
  frame.append(stage);

  const cells = (found) => [...table.tBodies[0].rows[found.row].cells].map((c) => c.textContent);
  const opens = frame.dataset.model !== undefined && typeof openBehind === "function";
  const open = (found) => {
    const [label, predicted, images] = cells(found);
    openBehind(Number(frame.dataset.model), label, predicted, Number(images));
  };

  const hide = () => { current = null; point.hidden = values.hidden = true; };
  const show = (found) => {
    if (found === current) return;
    current = found;
    const [x, y] = found.at, list = make("dl", "");
    cells(found).forEach((text, column) => {
      list.append(make("dt", "", heads[column]), make("dd", "", text || "\u2013"));
    });
    values.replaceChildren(list);
    if (opens) values.append(make("p", "", "Click or Enter: the photographs"));
    point.hidden = values.hidden = false;
    point.style.left = `${100 * x}%`;
    point.style.top = `${100 * y}%`;
    const left = x * frame.clientWidth + 14, top = y * frame.clientHeight + 14;
    const over = left + values.offsetWidth > frame.clientWidth;
    values.style.left = `${Math.max(0, over ? left - 28 - values.offsetWidth : left)}px`;
    values.style.top = `${top}px`;
  };

  const distance = (found, x, y) => Math.hypot(
    found.at[0] * frame.clientWidth - x, found.at[1] * frame.clientHeight - y);
  // Half a cell of a matrix, across and down: its filled cells are the points.
  const half = [0, 1].map((axis) => {
    const places = [...new Set(points.map((found) => found.at[axis]))].sort((a, b) => a - b);
    return Math.min(...places.slice(1).map((place, index) => place - places[index])) / 2;
  });
  const inside = (found, x, y) =>
    Math.abs(found.at[0] * frame.clientWidth - x) <= half[0] * frame.clientWidth
    && Math.abs(found.at[1] * frame.clientHeight - y) <= half[1] * frame.clientHeight;
  const under = (event) => {
    const box = frame.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    const near = points.reduce((a, b) => (distance(a, x, y) <= distance(b, x, y) ? a : b));
    return (opens ? inside(near, x, y) : distance(near, x, y) < 48) ? near : null;
  };
  // The nearest point that way, where a step aside counts four times.
  const next = (dx, dy) => {
    const ahead = (found) => {
      const x = (found.at[0] - current.at[0]) * frame.clientWidth;
      const y = (found.at[1] - current.at[1]) * frame.clientHeight;
      return [x * dx + y * dy, Math.abs(x * dy) + Math.abs(y * dx)];
    };
    return points.filter((found) => ahead(found)[0] > 0.5).reduce((best, found) => {
      const cost = (p) => ahead(p)[0] + 4 * ahead(p)[1];
      return best === null || cost(found) < cost(best) ? found : best;
    }, null);
  };

  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  stage.addEventListener("pointermove", (event) => {
    const found = under(event);
    if (found) show(found); else hide();
  });
  stage.addEventListener("pointerleave", hide);
  stage.addEventListener("click", (event) => {
    const found = under(event);
    if (found) show(found);
    if (found && opens) open(found);
  });
  stage.addEventListener("blur", hide);
  stage.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && current && opens) open(current);
    if (event.key === "Home") show(points[0]);
    if (event.key === "End") show(points.at(-1));
    if (event.key in arrows) show(current ? next(...arrows[event.key]) ?? current : points[0]);
    if (event.key in arrows || event.key === "Home" || event.key === "End") event.preventDefault();
  });
  // Wherever the keyboard is: who points may want to see what the values cover.
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  hide();
};
for (const frame of document.querySelectorAll("[data-places]")) readable(frame);
