"""How the demo's pictures and masks are traced."""

from __future__ import annotations

import mitsuba as mi
import numpy as np

from datasets.render.mesh import Plugin
from datasets.render.noise import Array, Mask
from datasets.render.scene import View

MASK_PASSES = 4


def masks(scene: Plugin, shapes: list[Plugin], view: View, seed: int) -> tuple[Mask, Mask, Array]:
    """Visible and whole masks (n,h,w) of animals and the scene's depth (h,w; 0 is sky), by comparing depth renderings.

    An animal is seen where the depth of the whole scene equals that of the animal alone, with the same sample points.
    """
    sensor = view.sensor(1, box=True)
    integrator = mi.load_dict({"type": "depth"})

    def depth(what: Plugin, k: int) -> Array:
        return np.asarray(mi.render(what, sensor=sensor, integrator=integrator, seed=seed + k, spp=1), float)[..., 0]

    full = np.array([depth(scene, k) for k in range(MASK_PASSES)])
    visible = np.zeros((len(shapes), view.rows, view.width), bool)
    whole = np.zeros_like(visible)
    for i, shape in enumerate(shapes):
        alone = mi.load_dict({"type": "scene", "animal": shape})
        own = np.array([depth(alone, k) for k in range(MASK_PASSES)])
        whole[i] = (own > 0).mean(0) >= 0.5
        visible[i] = ((own > 0) & (full >= own - 1e-3)).mean(0) >= 0.5
    solid = (full > 0).sum(0)
    return visible, whole, np.where(solid > 0, full.sum(0) / np.maximum(solid, 1), 0.0)


def picture(scene: Plugin, view: View, seed: int, samples: int, depth: int = 3) -> Array:
    """Linear light (h,w,3) of a scene; `depth` 2 is light straight from sky and sun, 3 adds one reflection."""
    integrator = mi.load_dict({"type": "path", "max_depth": depth})
    return np.asarray(
        mi.render(scene, sensor=view.sensor(samples), integrator=integrator, seed=seed, spp=samples), float
    )
