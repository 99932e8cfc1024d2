
// The filters of the photographs, and the cells of confusion matrices that open theirs.
const shelf = document.getElementById("cards");
if (shelf) {
  const PAGE = 48;
  const filter = document.getElementById("filter"), found = document.getElementById("found");
  const more = document.getElementById("more"), behind = document.getElementById("behind");
  const names = [...filter.elements.label.options].slice(1).map((option) => option.textContent);
  const models = [...filter.elements.model.options].slice(1).map((option) => option.textContent);
  const cards = [...shelf.children].map((card) => ({
    card,
    label: Number(card.dataset.label),
    answers: card.dataset.answers.trim().split(" ").map(Number),
  }));
  const matching = ({ model, label, predicted, kind }) => cards.filter((each) => {
    const said = model === "" ? each.answers : [each.answers[model]];
    const right = (answer) => answer === each.label;
    return (label === "" || each.label === Number(label)) && said.some((answer) =>
      (predicted === "" || answer === Number(predicted))
        && (kind === "" || right(answer) === (kind === "right")));
  });

  let shown = PAGE;
  const refresh = () => {
    const chosen = matching(Object.fromEntries(new FormData(filter)));
    const visible = new Set(chosen.slice(0, shown));
    for (const each of cards) each.card.hidden = !visible.has(each);
    more.hidden = chosen.length <= shown;
    found.textContent = `${visible.size} of ${chosen.length} photographs`;
  };
  filter.addEventListener("change", () => { shown = PAGE; refresh(); });
  filter.addEventListener("reset", () => { shown = PAGE; setTimeout(refresh); });
  more.addEventListener("click", () => {
    const first = matching(Object.fromEntries(new FormData(filter)))[shown];
    shown += PAGE;
    refresh();
    first.card.tabIndex = -1;
    first.card.focus();
  });

  // `label` and `predicted` are names of classes; the page may hold fewer than all `images`.
  globalThis.openBehind = (model, label, predicted, images) => {
    const chosen = matching({ model, label: names.indexOf(label),
      predicted: names.indexOf(predicted), kind: "" });
    const said = label === predicted ? `${label}, rightly recognised` : `${label}, taken for ${predicted}`;
    const title = document.getElementById("behind-title");
    title.textContent = `${said} by ${models[model]}: ${images} `
      + (images === 1 ? "photograph" : "photographs")
      + (chosen.length < images ? `, ${chosen.length} of them on this page` : "");
    behind.querySelector(".cards").replaceChildren(...chosen.map(({ card }) => {
      const copy = card.cloneNode(true);
      copy.hidden = false;
      return copy;
    }));
    behind.showModal();
    title.focus();
  };
  behind.addEventListener("click", (event) => { if (event.target === behind) behind.close(); });

  for (const cell of document.querySelectorAll(".matrix td[data-true]")) {
    const { true: label, predicted } = cell.dataset;
    const model = Number(cell.closest("table").dataset.model);
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = cell.textContent;
    button.setAttribute("aria-label",
      `${cell.textContent}: ${names[label]} taken for ${names[predicted]}`);
    const images = Number(cell.textContent);
    button.addEventListener("click",
      () => openBehind(model, names[label], names[predicted], images));
    cell.replaceChildren(button);
  }
  for (const scripted of document.querySelectorAll("#photographs .scripted")) {
    scripted.hidden = false;
  }
  refresh();
}
