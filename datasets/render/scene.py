"""A site (ground and plants, built once), animals on it, a camera: assembled and rendered to light, depth and masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import drjit as dr
import mitsuba as mi
import numpy as np

from ablate.errors import UsageError
from datasets.render.light import Light, emitters
from datasets.render.mesh import Mesh, Plugin, to_mitsuba
from datasets.render.noise import Array, Mask, blend, linear
from datasets.render.terrain import Relief, ground_mesh

NEAR = 0.05  # metres from the lens, along its axis, where rays begin
VARIANTS = {"cpu": "scalar_rgb", "gpu": "cuda_ad_rgb"}


def start(device: str = "cpu") -> None:
    """Chooses Mitsuba's variant, one thread: call once per process before anything else here.

    Raises:
        UsageError: `device` is gpu, and there is none that Mitsuba can use.
    """
    try:
        mi.set_variant(VARIANTS[device])
        if device == "gpu":
            dr.eval(mi.Float([0.0]))  # where there is none, this says so
    except (ImportError, RuntimeError) as error:
        if device == "cpu":
            raise
        why = " ".join(str(error).split())[:160].rstrip(".")
        raise UsageError(f"device={device}: no GPU that the renderer can use ({why}); type device=cpu") from error
    mi.set_log_level(mi.LogLevel.Error)
    dr.set_thread_count(1)


@dataclass(frozen=True)
class View:
    """A fixed camera, `height` metres above the ground; angles in degrees, tilt > 0 is up.

    It stands at (x, y), where the ground is `ground` metres high, and looks along `heading` (radians; 0 is along x).
    """

    height: float
    fov: float
    tilt: float
    roll: float
    width: int
    rows: int
    heading: float = 0.0
    x: float = 0.0
    y: float = 0.0
    ground: float = 0.0

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return self.width / 2 / float(np.tan(np.radians(self.fov / 2)))

    @property
    def slant(self) -> Array:
        """Of each pixel (h,w), the length of its ray per metre along the camera's axis."""
        down, across = np.mgrid[: self.rows, : self.width] + 0.5
        away = np.hypot(across - self.width / 2, down - self.rows / 2)
        slant: Array = np.hypot(1.0, away / self.focal)
        return slant

    @property
    def position(self) -> Array:
        return np.array([self.x, self.y, self.ground + self.height])

    def bearing(self, column: float) -> float:
        """Angle in radians, counter-clockwise, of a column given as a fraction of the width (0 is the left edge)."""
        return self.heading + float(np.arctan((0.5 - column) * self.width / self.focal))

    def _seen_from(self, points: Array) -> tuple[Array, Array, Array]:
        """Points (n,3) as the camera sees them, each (n,): how far away, to the left, above its axis, in metres."""
        tilt = np.radians(self.tilt)
        offset = points - self.position
        ahead = offset[:, 0] * np.cos(self.heading) + offset[:, 1] * np.sin(self.heading)
        left = offset[:, 1] * np.cos(self.heading) - offset[:, 0] * np.sin(self.heading)
        away = ahead * np.cos(tilt) + offset[:, 2] * np.sin(tilt)
        return away, left, offset[:, 2] * np.cos(tilt) - ahead * np.sin(tilt)

    def inside(self, points: Array) -> float:
        """The share of points (n,3) that lie within the frame, hidden or not (roll is left out)."""
        away, left, rise = self._seen_from(points)
        near = np.maximum(away, 0.05)
        wide = np.abs(left) * self.focal < near * self.width / 2
        tall = np.abs(rise) * self.focal < near * self.rows / 2
        return float((wide & tall & (away > 0.05)).mean())

    def project(self, points: Array) -> Array:
        """Column and row (m,2) in pixels of the points (n,3) before the camera (roll is left out)."""
        away, left, rise = self._seen_from(points)
        ahead = away > 0.05
        column = self.width / 2 - left[ahead] / away[ahead] * self.focal
        return np.stack([column, self.rows / 2 - rise[ahead] / away[ahead] * self.focal], 1)

    def sensor(self, samples: int, box: bool = False, crop: tuple[int, int, int, int] | None = None) -> Plugin:
        """The Mitsuba sensor; of the whole frame, or of a part of it: left, top, width and height in pixels."""
        tilt, roll = np.radians(self.tilt), np.radians(self.roll)
        east, north = np.cos(self.heading), np.sin(self.heading)
        target = self.position + np.array([np.cos(tilt) * east, np.cos(tilt) * north, np.sin(tilt)])
        up = [float(-north * np.sin(roll)), float(east * np.sin(roll)), float(np.cos(roll))]
        look = mi.ScalarTransform4f().look_at(origin=self.position.tolist(), target=target.tolist(), up=up)
        film = {"type": "hdrfilm", "width": self.width, "height": self.rows, "pixel_format": "rgb",
                "filter": {"type": "box" if box else "gaussian"}}  # fmt: skip
        if crop is not None:
            film |= dict(zip(("crop_offset_x", "crop_offset_y", "crop_width", "crop_height"), crop, strict=True))
        sampler = {"type": "independent" if box else "multijitter", "sample_count": samples}
        camera = {"type": "perspective", "fov": self.fov, "to_world": look, "near_clip": NEAR}
        return mi.load_dict(camera | {"film": film, "sampler": sampler})


@dataclass
class Site:
    """Ground and plants as Mitsuba objects, and where nothing else may stand: `obstacles` (x, y, radius).

    `spots` tells of each plant where it stands: the object's name to (x, y, radius), radius 0 for what gives way.
    """

    land: Relief
    objects: dict[str, Any] = field(default_factory=dict)
    obstacles: list[tuple[float, float, float]] = field(default_factory=list)
    kinds: list[Plugin] = field(default_factory=list)
    spots: dict[str, tuple[float, float, float]] = field(default_factory=dict)

    def add_ground(self, bsdf: Plugin, around: bool = False) -> None:
        """The ground as an instance, so that its search tree is built once for all pictures of the site.

        It lies before a camera that looks along x, or all `around`.
        """
        mesh, uv = ground_mesh(self.land, around)
        group = mi.load_dict({"type": "shapegroup", "ground": to_mitsuba(mesh, bsdf, uv)})
        self.objects["ground_kind"] = group  # the scene must hold a group beside its instances
        self.objects["ground"] = mi.load_dict({"type": "instance", "group": group})

    def plant(self, group: Plugin, x: float, y: float, turn: float, scale: float, lean: bool,
              radius: float = 0.0) -> None:  # fmt: skip
        """One plant of a kind; `lean` tilts it with the ground (grass), else it is upright. Solid if `radius` > 0."""
        z = float(self.land.height(np.array([[x, y]]))[0])
        self.add(group, np.array([x, y, z]), turn, scale, self.land.normal(x, y) if lean else None, radius)
        if radius > 0:
            self.obstacles.append((x, y, radius * scale))

    def add(self, group: Plugin, where: Array, turn: float, scale: float, normal: Array | None, radius: float) -> None:
        """One plant of a kind at `where` (3,), upright or along a unit `normal` (3,)."""
        if group not in self.kinds:
            self.kinds.append(group)
            self.objects[f"kind{len(self.kinds)}"] = group
        name = f"plant{len(self.objects)}"
        self.objects[name] = instance(group, where, turn, scale, normal)
        self.spots[name] = (float(where[0]), float(where[1]), radius * scale)

    def free(self, x: float, y: float, margin: float) -> bool:
        """Whether nothing solid stands within `margin` metres."""
        return all((x - a) ** 2 + (y - b) ** 2 > (r + margin) ** 2 for a, b, r in self.obstacles)


def instance(group: Plugin, where: Array, turn: float, scale: float, normal: Array | None = None) -> Plugin:
    """A Mitsuba instance of a group at `where` (3,), turned by degrees, upright or along a unit `normal` (3,)."""
    to = mi.ScalarTransform4f().translate([float(v) for v in where])
    if normal is not None:
        axis = [-float(normal[1]), float(normal[0]), 0.0]
        if np.hypot(axis[0], axis[1]) > 1e-6:
            to = to @ mi.ScalarTransform4f().rotate(axis, float(np.degrees(np.arccos(normal[2]))))
    to = to @ mi.ScalarTransform4f().rotate([0, 0, 1], turn).scale(scale)
    return mi.load_dict({"type": "instance", "group": group, "to_world": to})


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


def compose(site: Site, shapes: list[Plugin], view: View, light: Light, seed: int,
            without: frozenset[str] = frozenset(), things: Mapping[str, Plugin] = MappingProxyType({}),
            shared: bool = False) -> Plugin:  # fmt: skip
    """The Mitsuba scene of a site with animals, lit.

    Args:
        without: names of the site's objects that are left out.
        things: what stands there beside the site's objects.
        shared: how the lights divide the rays between them, see `emitters`.
    """
    sky = emitters(light, np.random.default_rng(seed), view.position, shared)
    animals = {f"animal{i}": shape for i, shape in enumerate(shapes)}
    objects = {name: thing for name, thing in site.objects.items() if name not in without}
    return mi.load_dict({"type": "scene"} | objects | dict(things) | sky | animals)


def silhouettes(scene: Plugin, shapes: list[tuple[Plugin, Mesh]], view: View, seed: int) -> tuple[Mask, Mask, Array]:
    """Visible and whole masks (n,h,w) of animals, each with its mesh, and the scene's depth.

    Depth (h,w): metres from the lens along each pixel's ray; 0 is sky.

    An animal is seen where the depth of the whole scene equals that of the animal alone, with the same sample points:
    four a pixel, in the part of the frame that holds the animal.
    """
    integrator = mi.load_dict({"type": "depth"})

    def depth(what: Plugin, sensor: Plugin) -> Array:
        return np.asarray(mi.render(what, sensor=sensor, integrator=integrator, seed=seed, spp=1))[..., 0]

    visible = np.zeros((len(shapes), view.rows, view.width), bool)
    whole = np.zeros_like(visible)
    fine = replace(view, width=2 * view.width, rows=2 * view.rows)
    for index, (shape, mesh) in enumerate(shapes):
        left, top, width, rows = _window(mesh, view)
        if not width or not rows:
            continue
        sensor = fine.sensor(1, True, (2 * left, 2 * top, 2 * width, 2 * rows))
        alone = depth(mi.load_dict({"type": "scene", "animal": shape}), sensor)
        hit = (alone > 0).reshape(rows, 2, width, 2)
        seen = ((alone > 0) & (depth(scene, sensor) >= alone - 1e-3)).reshape(rows, 2, width, 2)
        part = np.s_[index, top : top + rows, left : left + width]
        whole[part], visible[part] = hit.mean((1, 3)) >= 0.5, seen.mean((1, 3)) >= 0.5
    beyond = depth(scene, view.sensor(1, box=True)).astype(float)
    return visible, whole, np.where(beyond > 0, beyond + NEAR * view.slant, 0.0)


def _window(mesh: Mesh, view: View) -> tuple[int, int, int, int]:
    """Left, top, width and height in pixels of the part of the frame that surely holds a mesh."""
    away = (mesh.vertices[:, :2] - view.position[:2]) @ np.array([np.cos(view.heading), np.sin(view.heading)])
    if away.min() < 0.3:
        return 0, 0, view.width, view.rows
    seen = view.project(mesh.vertices)
    roll = abs(float(np.sin(np.radians(view.roll)))) * np.hypot(view.width, view.rows) / 2 + 2
    low = np.clip(np.floor(seen.min(0) - roll), 0, [view.width, view.rows]).astype(int)
    high = np.clip(np.ceil(seen.max(0) + roll), 0, [view.width, view.rows]).astype(int)
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


def daylit(scene: Plugin, view: View, seed: int, samples: int, sky_alone: bool) -> Array:
    """Linear light (h,w,3) straight from the lights of a scene composed with `shared` lights.

    Light that is reflected twice is left out: it changed the mean by 1 %, and costs a third more.
    """
    lights = {"emitter_samples": 0 if sky_alone else 1, "bsdf_samples": 1}
    integrator = mi.load_dict({"type": "direct"} | lights)
    shown = mi.render(scene, sensor=view.sensor(samples), integrator=integrator, seed=seed, spp=samples)
    return np.asarray(shown, float)
