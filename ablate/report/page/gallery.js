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

  function find(wanted) {
    const passes = (value, key) => wanted[key] === "" || wanted[key] === String(value);
    const found = [];
    data.trials.forEach((trial, at) => {
      if (!["network", "setting", "seed"].every((key) => passes(trial[key], key))) return;
      for (const photo of data.photos) {
        if (!photo.said[at] || !passes(photo.location, "location")) continue;
        if (passes(data.outcomes[photo.said[at][1]], "outcome")) found.push(new Said(data, photo, at));
      }
    });
    // Photographs without an animal have no IoU: they come last.
    const by = { high: (said) => -(said.iou ?? -1), low: (said) => said.iou ?? 1001 }[wanted.order];
    return by ? found.sort((a, b) => by(a) - by(b)) : found;
  }

  const draw = (found, at) => card(found[at], () => large.open(found, at));
  const begin = listing(section, CARDS, find, draw, (found, shown) => `${shown} of ${found.length} predictions`);
  return {
    showLocation(location) {
      of("location").value = location;
      begin();
      section.scrollIntoView();
      of("location").focus({ preventScroll: true });
    },
  };
}
