// One photograph with what was said about it. Boxes and outlines are in thousandths of the frame.

// The photographs of a part: JSON, gzipped, as base64.
async function unpacked(script) {
  const bytes = Uint8Array.from(atob(script.textContent), (character) => character.charCodeAt(0));
  script.remove();
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 320;

function element(name, attributes, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function percent(iou) {
  return iou === null ? "no animal" : `IoU ${(iou / 10).toFixed(1)} %`;
}

// What was said: [iou, outcome, score, box, outline], see gallery.py.
class Said {
  constructor(data, photo, trial) {
    this.photo = photo;
    this.trial = data.trials[trial];
    [this.iou, this.outcome, this.score, this.box, this.outline] = photo.said[trial];
    this.outcome = data.outcomes[this.outcome].replace("_", " ");
  }

  get name() {
    return trialName(this.trial);
  }

  get alt() {
    const { photo } = this;
    const boxes = photo.boxes.length === 1 ? "1 true box" : `${photo.boxes.length} true boxes`;
    const found = this.box ? "one predicted box" : "nothing predicted";
    return `Photograph ${photo.id}, location ${photo.location}: ${boxes}, ${found}; ${this.outcome}, ${percent(this.iou)}`;
  }
}

function trialName(trial) {
  const seed = trial.severalSeeds ? `, seed ${trial.seed}` : "";
  return trial.setting === "" ? trial.network : `${trial.network}, ${trial.setting}${seed}`;
}

function picture(said) {
  const [w, h] = said.photo.size;
  const height = (WIDTH * h) / w;
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": said.alt });
  const href = `data:image/webp;base64,${said.photo.thumb}`;
  svg.append(shape("image", { href, width: WIDTH, height, preserveAspectRatio: "none" }));
  const x = (value) => (value * WIDTH) / 1000;
  const y = (value) => (value * height) / 1000;
  for (const polygon of said.outline) {
    const points = polygon.map((value, at) => (at % 2 ? y(value) : x(value)).toFixed(1)).join(" ");
    svg.append(shape("polygon", { points, class: "mask", "stroke-width": 1.2 }));
  }
  const boxes = [...said.photo.boxes.map((box) => [box, "true"]), ...(said.box ? [[said.box, "said"]] : [])];
  for (const [[left, top, right, bottom], kind] of boxes) {
    const at = { x: x(left), y: y(top), width: x(right - left), height: y(bottom - top) };
    svg.append(shape("rect", { ...at, class: "halo", "stroke-width": 4 }));
    svg.append(shape("rect", { ...at, class: kind, "stroke-width": 2 }));
  }
  return svg;
}

function words(said) {
  const { photo } = said;
  const first = element("b", {}, said.outcome);
  const time = photo.at ? ` · ${photo.at.slice(0, 16)}` : "";
  const lines = [` · ${percent(said.iou)}`, element("br"), said.name, element("br"), `location ${photo.location}${time}`];
  return element("span", { class: "what" }, first, ...lines);
}

function card(said, open) {
  const button = element("button", { type: "button", class: "card" }, picture(said), words(said));
  button.addEventListener("click", open);
  return button;
}

// The large view: arrow keys go through the list that it was opened from.
const large = {
  open(list, at) {
    this.list = list;
    this.at = at;
    this.show();
    this.dialog.showModal();
  },
  go(step) {
    this.at = Math.min(Math.max(this.at + step, 0), this.list.length - 1);
    this.show();
  },
  show() {
    const said = this.list[this.at];
    const score = said.score === null ? "" : ` · mean probability inside ${said.score} %`;
    const more = element("p", {}, `Photograph ${said.photo.id}, ${this.at + 1} of ${this.list.length}${score}`);
    this.dialog.querySelector(".shown").replaceChildren(picture(said), words(said), more);
    this.dialog.querySelector(".previous").disabled = this.at === 0;
    this.dialog.querySelector(".next").disabled = this.at === this.list.length - 1;
  },
  ready() {
    this.dialog = document.getElementById("large");
    this.dialog.querySelector(".previous").addEventListener("click", () => this.go(-1));
    this.dialog.querySelector(".next").addEventListener("click", () => this.go(1));
    this.dialog.querySelector(".close").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) this.go(step);
    });
  },
};

// What a form asks for, `step` items at a time. `find` gives all of them from the form's values. Returns a function
// that starts anew.
function listing(section, step, find, draw, summary) {
  const form = section.querySelector("form");
  const more = section.querySelector(".more");
  let shown = step;
  let found = [];

  function show() {
    const drawn = found.slice(0, shown).map((_, at) => draw(found, at));
    section.querySelector(".cards, .couples").replaceChildren(...drawn);
    section.querySelector(".count").textContent = summary(found, drawn.length);
    more.hidden = drawn.length === found.length;
    return drawn;
  }

  function begin() {
    shown = step;
    found = find(Object.fromEntries(new FormData(form)));
    show();
  }

  form.addEventListener("change", begin);
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => {
    const before = shown;
    shown += step;
    const next = show()[before];
    (next.querySelector(".card") ?? next).focus();
  });
  begin();
  return begin;
}

function fill(select, values, all) {
  const choices = values.map((value) => element("option", { value }, String(value).replace("_", " ")));
  select.replaceChildren(...(all ? [element("option", { value: "" }, all)] : []), ...choices);
  select.closest("label").hidden = values.length < 2;
}

function distinct(values) {
  return [...new Set(values)];
}
