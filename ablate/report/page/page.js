// What happens when the page is open.

function locations(section, showPhotographs) {
  const select = section.querySelector(".place");
  const [previous, next] = [".previous", ".next"].map((name) => section.querySelector(name));
  const places = [...section.querySelectorAll("article.location")];

  function show() {
    places.forEach((place) => (place.hidden = place.dataset.location !== select.value));
    previous.disabled = select.selectedIndex === 0;
    next.disabled = select.selectedIndex === places.length - 1;
  }

  function go(step) {
    select.selectedIndex += step;
    show();
    history.replaceState(null, "", `#${places[select.selectedIndex].id}`);
  }

  function follow() {
    const named = places.find((place) => place.id === decodeURIComponent(location.hash.slice(1)));
    if (!named) return;
    select.value = named.dataset.location;
    show();
    named.scrollIntoView();
  }

  select.addEventListener("change", () => go(0));
  previous.addEventListener("click", () => go(-1));
  next.addEventListener("click", () => go(1));
  addEventListener("hashchange", follow);
  for (const place of places) {
    const button = place.querySelector(".jump");
    button.hidden = !showPhotographs;
    button.addEventListener("click", () => showPhotographs(place.dataset.location));
  }
  show();
  follow();
}

async function begin() {
  watchFigures();
  watchTheme();
  large.ready();
  for (const part of document.querySelectorAll(".part")) {
    const packed = document.getElementById(`${part.id}-photographs`);
    let shown;
    if (packed) {
      const data = await unpacked(packed);
      const seeds = distinct(data.trials.map((trial) => trial.seed)).length;
      data.trials.forEach((trial) => (trial.severalSeeds = seeds > 1));
      shown = gallery(part.querySelector("section.gallery"), data);
      pairs(part.querySelector("section.pairs"), data);
    }
    const places = part.querySelector("section.locations");
    if (places) locations(places, shown && ((place) => shown.showLocation(place)));
  }
  document.body.dataset.ready = "true";
}

begin();
