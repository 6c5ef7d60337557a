"""A site (ground and plants, built once), animals on it, a camera: assembled and rendered to light, depth and masks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import drjit as dr
import mitsuba as mi
import numpy as np

from datasets.render.light import Light, emitters
from datasets.render.mesh import Mesh, Plugin, to_mitsuba
from datasets.render.noise import Array, Mask, blend, linear
from datasets.render.terrain import Relief, ground_mesh

MASK_PASSES = 4


def start() -> None:
    """Chooses Mitsuba's scalar variant, one thread: call once per process before anything else here."""
    mi.set_variant("scalar_rgb")
    mi.set_log_level(mi.LogLevel.Error)
    dr.set_thread_count(1)


@dataclass(frozen=True)
class View:
    """A fixed camera at the origin, `height` metres up, looking along x; angles in degrees, tilt > 0 is up."""

    height: float
    fov: float
    tilt: float
    roll: float
    width: int
    rows: int

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return self.width / 2 / float(np.tan(np.radians(self.fov / 2)))

    @property
    def position(self) -> Array:
        return np.array([0.0, 0.0, self.height])

    def bearing(self, column: float) -> float:
        """Angle in radians, counter-clockwise, of a column given as a fraction of the width (0 is the left edge)."""
        return float(np.arctan((0.5 - column) * self.width / self.focal))

    def inside(self, points: Array) -> float:
        """The share of points (n,3) that lie within the frame, hidden or not (roll is left out)."""
        tilt = np.radians(self.tilt)
        offset = points - self.position
        away = offset @ [np.cos(tilt), 0.0, np.sin(tilt)]
        rise = offset @ [-np.sin(tilt), 0.0, np.cos(tilt)]
        near = np.maximum(away, 0.05)
        wide = np.abs(offset[:, 1]) * self.focal < near * self.width / 2
        tall = np.abs(rise) * self.focal < near * self.rows / 2
        return float((wide & tall & (away > 0.05)).mean())

    def sensor(self, samples: int, box: bool = False) -> Plugin:
        """The Mitsuba sensor."""
        tilt, roll = np.radians(self.tilt), np.radians(self.roll)
        target = self.position + np.array([np.cos(tilt), 0.0, np.sin(tilt)])
        up = [0.0, float(np.sin(roll)), float(np.cos(roll))]
        look = mi.ScalarTransform4f().look_at(origin=self.position.tolist(), target=target.tolist(), up=up)
        film = {"type": "hdrfilm", "width": self.width, "height": self.rows, "pixel_format": "rgb",
                "filter": {"type": "box" if box else "gaussian"}}  # fmt: skip
        sampler = {"type": "independent" if box else "multijitter", "sample_count": samples}
        camera = {"type": "perspective", "fov": self.fov, "to_world": look, "near_clip": 0.05}
        return mi.load_dict(camera | {"film": film, "sampler": sampler})


@dataclass
class Site:
    """Ground and plants as Mitsuba objects, and where nothing else may stand: `obstacles` (x, y, radius)."""

    land: Relief
    objects: dict[str, Any] = field(default_factory=dict)
    obstacles: list[tuple[float, float, float]] = field(default_factory=list)
    kinds: list[Plugin] = field(default_factory=list)

    def add_ground(self, bsdf: Plugin) -> None:
        """The ground as an instance, so that its search tree is built once for all pictures of the site."""
        mesh, uv = ground_mesh(self.land)
        group = mi.load_dict({"type": "shapegroup", "ground": to_mitsuba(mesh, bsdf, uv)})
        self.objects["ground_kind"] = group  # the scene must hold a group beside its instances
        self.objects["ground"] = mi.load_dict({"type": "instance", "group": group})

    def plant(self, group: Plugin, x: float, y: float, turn: float, scale: float, lean: bool,
              radius: float = 0.0) -> None:  # fmt: skip
        """One plant of a kind; `lean` tilts it with the ground (grass), else it is upright. Solid if `radius` > 0."""
        if group not in self.kinds:
            self.kinds.append(group)
            self.objects[f"kind{len(self.kinds)}"] = group
        z = float(self.land.height(np.array([[x, y]]))[0])
        where = mi.ScalarTransform4f().translate([x, y, z])
        if lean:
            normal = self.land.normal(x, y)
            axis = [-float(normal[1]), float(normal[0]), 0.0]
            if np.hypot(axis[0], axis[1]) > 1e-6:
                where = where @ mi.ScalarTransform4f().rotate(axis, float(np.degrees(np.arccos(normal[2]))))
        where = where @ mi.ScalarTransform4f().rotate([0, 0, 1], turn).scale(scale)
        self.objects[f"plant{len(self.objects)}"] = mi.load_dict(
            {"type": "instance", "group": group, "to_world": where}
        )
        if radius > 0:
            self.obstacles.append((x, y, radius * scale))

    def free(self, x: float, y: float, margin: float) -> bool:
        """Whether nothing solid stands within `margin` metres."""
        return all((x - a) ** 2 + (y - b) ** 2 > (r + margin) ** 2 for a, b, r in self.obstacles)


def plant_group(mesh: Mesh, bark: Array, foliage: Array) -> Plugin:
    """A kind of plant to be instanced: palettes of sRGB colours (k,3) for shades below and above 0.5."""
    ramp = np.linspace(0, 1, 24)
    palette = linear(np.concatenate([blend(bark, ramp), blend(foliage, ramp)]))[None].astype(np.float32)
    texture = {"type": "bitmap", "bitmap": mi.Bitmap(np.ascontiguousarray(palette)), "raw": True, "wrap_mode": "clamp"}
    bsdf = mi.load_dict({"type": "twosided", "cover": {"type": "diffuse", "reflectance": texture}})
    return mi.load_dict({"type": "shapegroup", "mesh": to_mitsuba(mesh, bsdf)})


def animal_shape(mesh: Mesh) -> Plugin:
    """A coloured animal as a Mitsuba shape."""
    colour = {"type": "mesh_attribute", "name": "vertex_color"}
    bsdf = mi.load_dict({"type": "twosided", "fur": {"type": "diffuse", "reflectance": colour}})
    return to_mitsuba(mesh, bsdf)


def compose(site: Site, shapes: list[Plugin], view: View, light: Light, seed: int) -> Plugin:
    """The Mitsuba scene of a site with animals, lit."""
    sky = emitters(light, np.random.default_rng(seed), view.position)
    animals = {f"animal{i}": shape for i, shape in enumerate(shapes)}
    return mi.load_dict({"type": "scene"} | site.objects | sky | animals)


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
