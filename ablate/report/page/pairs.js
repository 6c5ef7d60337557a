// A against B: the same photographs under two trials, the largest differences first.

const COUPLES = 12;

function pairs(section, data) {
  const form = section.querySelector("form");
  const of = (name) => form.elements[name];
  const names = data.trials.map(trialName);
  for (const name of ["a", "b"]) {
    of(name).replaceChildren(...names.map((label, value) => element("option", { value }, label)));
  }
  // Two settings of one network under one seed are what one wants to compare first; two networks, or two seeds, next.
  const first = data.trials[0];
  const likeness = ({ network, seed }) => 2 * (network === first.network) + (seed === first.seed);
  const others = data.trials.map((trial, at) => ({ at, likeness: likeness(trial) })).slice(1);
  const most = Math.max(...others.map((other) => other.likeness));
  of("a").value = others.findLast((other) => other.likeness === most)?.at ?? 0;
  of("b").value = 0;
  fill(of("location"), distinct(data.photos.map((photo) => photo.location)), "all");

  function find(wanted) {
    const [a, b] = [Number(wanted.a), Number(wanted.b)];
    const by = { largest: (gain) => -Math.abs(gain), a: (gain) => -gain, b: (gain) => gain }[wanted.order];
    return data.photos
      .filter((photo) => photo.said[a] && photo.said[b] && photo.said[a][0] !== null)
      .filter((photo) => wanted.location === "" || photo.location === wanted.location)
      .map((photo) => [new Said(data, photo, a), new Said(data, photo, b)])
      .sort((one, other) => by(gain(one)) - by(gain(other)));
  }

  listing(section, COUPLES, find, couple, summary);
}

function couple(found, at) {
  const difference = gain(found[at]) / 10;
  const who = difference === 0 ? "equal" : difference > 0 ? "A better" : "B better";
  const title = `${who} by ${Math.abs(difference).toFixed(1)} points`;
  const cards = found[at].map((said, side) => card(said, () => large.open(found.flat(), 2 * at + side)));
  return element("div", { class: "couple", role: "group", "aria-label": title },
    element("p", {}, element("b", {}, title)), element("div", { class: "two" }, ...cards));
}

function summary(found) {
  if (found.length === 0) return "no photograph with an animal";
  const gains = found.map(gain);
  const better = gains.filter((value) => value > 0).length;
  const worse = gains.filter((value) => value < 0).length;
  const mean = gains.reduce((sum, value) => sum + value, 0) / (10 * gains.length);
  const told = `A better on ${better}, B better on ${worse}, equal on ${gains.length - better - worse} of `;
  return `${told}${gains.length} photographs; mean difference ${mean >= 0 ? "+" : ""}${mean.toFixed(1)} points`;
}

function gain([a, b]) {
  return a.iou - b.iou;
}
