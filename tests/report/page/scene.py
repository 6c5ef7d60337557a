"""Results and the photographs that belong to them, for pages."""

import numpy as np

from ablate.data.manifest import Manifest, write_manifest
from ablate.data.shards import Sample
from tests import tiny_data
from tests.results_factory import SIZE, photos, write, write_failed

SHOTS = photos({"34": 30, "41": 9, "5": 4}, {"34": 2, "41": 1})


def write_photographs(root, shots=SHOTS, side=64):
    """A data root whose photographs have the ids of some shots; returns their digest."""
    rng = np.random.default_rng(0)
    samples = {"test": [], "empty": []}
    for shot in shots:
        picture, _ = tiny_data.picture(rng, animal=bool(shot.boxes))
        meta = {"image_id": shot.image_id, "location": shot.location, "width": SIZE[0], "height": SIZE[1], "boxes": []}
        sample = Sample(shot.image_id, tiny_data.jpg(np.resize(picture, (side, side, 3))), None, meta)
        samples["test" if shot.boxes else "empty"].append(sample)
    real = tiny_data.write_arm(root, "real", samples)
    write_manifest(root, Manifest(arms={"real": real}, trial_defaults={}))
    return real.digest


def write_results(out, digest):
    """Two networks, crop and crop + jitter; jitter gains 20 points but at location 41, where it loses."""
    for model in ("unet", "segnet"):
        for augment, gain in (("none", 0.0), ("jitter", 0.2)):
            lead = {"34": gain, "41": -gain, "5": gain}
            write(
                out,
                lambda photo, lead=lead: 0.3 + lead[photo.location] + 0.01 * (int(photo.image_id.split("-")[1]) % 10),
                of=SHOTS,
                alarms=1,
                model=model,
                augment=augment,
                photos_digest=digest,
            )
    write_failed(out, "RuntimeError: <out of memory>", model="segnet", arm="full", photos_digest=digest)
