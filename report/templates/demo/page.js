// Sends one photograph, shows what comes back. All words are set as text, never as markup.
"use strict";
const at = (id) => document.getElementById(id);
const percent = (share) => (100 * share).toFixed(1) + " %";
let latest = 0;

fetch("about").then((reply) => reply.json()).then((told) => {
  at("data").textContent = told.data;
  const rule = told.threshold === null
    ? "On validation, no confidence was enough to be right on " + percent(told.wanted_accuracy) + ": it gives no answer."
    : "It answers from a confidence of " + percent(told.threshold) + " on; on validation it was then right on " + percent(told.wanted_accuracy) + " or more.";
  at("model").textContent = "Asked is " + told.model + ". " + rule;
});

async function ask(file) {
  const mine = ++latest;
  say("Looking at " + file.name + " …");
  at("result").hidden = true;
  let told;
  try {
    told = await (await fetch("ask", { method: "POST", body: file })).json();
  } catch {
    told = { problem: "The program does not answer. Is it still running, and the file under 30 MB?" };
  }
  if (mine !== latest) return; // another photograph was dropped meanwhile
  if (told.problem) say(told.problem, true); else show(told);
}

function say(words, isProblem = false) {
  at("status").textContent = words;
  at("status").classList.toggle("problem", isProblem);
}

function show(told) {
  const [name, share] = told.shares[0];
  at("answer").textContent = told.answer === null ? "I don’t know" : told.answer;
  at("why").textContent = told.answer === null
    ? "Likeliest is " + name + ", with " + percent(share) + ": not sure enough."
    : "With a probability of " + percent(share) + ".";
  at("photograph").src = told.photograph;
  at("heat").src = told.heat;
  at("heat").alt = "The photograph in grey under a heat map of what spoke for " + told.likeliest;
  at("likeliest").textContent = told.likeliest;
  at("shares").replaceChildren(...told.shares.map(([label, value]) => {
    const row = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = label;
    const bar = document.createElement("progress");
    bar.value = value;
    bar.setAttribute("aria-label", label);
    row.append(head, document.createElement("td"), document.createElement("td"));
    row.children[1].textContent = percent(value);
    row.children[2].append(bar);
    return row;
  }));
  at("result").hidden = false;
  say("Done.");
  at("answer").focus();
}

const drop = at("drop");
at("file").addEventListener("change", (event) => {
  if (event.target.files.length) ask(event.target.files[0]);
  event.target.value = ""; // so that the same file can be chosen again
});
for (const kind of ["dragenter", "dragover"]) drop.addEventListener(kind, () => drop.classList.add("over"));
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
// Beside the field, too: a browser would leave the page for the file.
for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  const files = event.dataTransfer.files;
  if (files.length > 1) say("One photograph at a time, please.", true);
  else if (files.length) ask(files[0]);
  else say("That was no file.", true);
});
