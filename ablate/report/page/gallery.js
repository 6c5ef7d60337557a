// The gallery: filters, order, and as many cards as were asked for.

const CARDS = 48;

function gallery(section, data) {
  const form = section.querySelector("form");
  const of = (name) => form.elements[name];
  fill(of("network"), distinct(data.trials.map((trial) => trial.network)));
  fill(of("setting"), distinct(data.trials.map((trial) => trial.setting)), "all");
  fill(of("seed"), distinct(data.trials.map((trial) => trial.seed)), "all");
  fill(of("location"), distinct(data.photos.map((photo) => photo.location)), "all");
  fill(of("outcome"), data.outcomes, "all");
  let shown = CARDS;
  let found = [];

  function search() {
    const wanted = Object.fromEntries(new FormData(form));
    const passes = (value, key) => wanted[key] === "" || wanted[key] === String(value);
    found = [];
    data.trials.forEach((trial, at) => {
      if (!["network", "setting", "seed"].every((key) => passes(trial[key], key))) return;
      for (const photo of data.photos) {
        if (!photo.said[at] || !passes(photo.location, "location")) continue;
        if (passes(data.outcomes[photo.said[at][1]], "outcome")) found.push(new Said(data, photo, at));
      }
    });
    // Photographs without an animal have no IoU: they come last.
    const by = { high: (said) => -(said.iou ?? -1), low: (said) => said.iou ?? 1001 }[wanted.order];
    if (by) found.sort((a, b) => by(a) - by(b));
  }

  function show() {
    const cards = found.slice(0, shown).map((said, at) => card(said, () => large.open(found, at)));
    section.querySelector(".cards").replaceChildren(...cards);
    section.querySelector(".count").textContent = `${cards.length} of ${found.length} predictions`;
    section.querySelector(".more").hidden = cards.length === found.length;
  }

  function begin() {
    shown = CARDS;
    search();
    show();
  }

  form.addEventListener("change", begin);
  form.addEventListener("submit", (event) => event.preventDefault());
  section.querySelector(".more").addEventListener("click", () => {
    const before = shown;
    shown += CARDS;
    show();
    section.querySelectorAll(".card")[before]?.focus();
  });
  begin();
  return {
    showLocation(location) {
      of("location").value = location;
      begin();
      section.scrollIntoView();
      of("location").focus({ preventScroll: true });
    },
  };
}
