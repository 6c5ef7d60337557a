"""The demo's animals on the ground: where they stand, and their meshes in the world."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from datasets.render.demo_world.animal import animal
from datasets.render.mesh import Mesh
from datasets.render.noise import Mask
from datasets.render.pose import Pose
from datasets.render.scene import Site, View
from datasets.render.species import Build


@dataclass(frozen=True)
class Standing:
    """One animal at (x, y) metres, looking along `heading` (radians; 0 is away from the camera)."""

    build: Build
    pose: Pose
    x: float
    y: float
    heading: float
    fur: int  # seed of the coat's pattern

    def mesh(self, site: Site, voxel: float, eyeshine: bool = False) -> Mesh:
        """The animal in world coordinates, tilted most of the way with the ground."""
        body = animal(self.build, self.pose, np.random.default_rng(self.fur), voxel, eyeshine)
        normal = site.land.normal(self.x, self.y) * [0.7, 0.7, 1.0]
        up = normal / np.linalg.norm(normal)
        ahead = np.array([np.cos(self.heading), np.sin(self.heading), 0.0])
        ahead -= up * float(ahead @ up)
        ahead /= np.linalg.norm(ahead)
        turn = np.stack([ahead, np.cross(up, ahead), up], 1)
        z = float(site.land.height(np.array([[self.x, self.y]]))[0])
        return body.moved(turn, np.array([self.x, self.y, z - 0.01]))

    def later(self, rng: np.random.Generator) -> Standing:
        """The same animal a second later: a step on, its head moved."""
        moves = self.pose.gait > 0.28
        step = float(rng.uniform(0.1, 0.35) if moves else rng.uniform(0.0, 0.05))
        turned = self.heading + float(rng.normal(0, 0.08))
        pose = replace(
            self.pose,
            phase=self.pose.phase + step / (0.9 * self.build.shoulder),
            neck_yaw=self.pose.neck_yaw + float(rng.normal(0, 0.15)),
            neck_pitch=self.pose.neck_pitch + float(rng.normal(0, 0.06)),
            head_pitch=self.pose.head_pitch + float(rng.normal(0, 0.08)),
            ear_turn=float(rng.normal(0, 0.25)),
        )
        x, y = self.x + step * float(np.cos(turned)), self.y + step * float(np.sin(turned))
        return replace(self, pose=pose, x=x, y=y, heading=turned)


def stand(rng: np.random.Generator, view: View, build: Build, pose: Pose, side: float, column: float) -> Standing:
    """An animal that will be about `side` pixels large, at a column (fraction of the width), heading anywhere."""
    size = 1.22 * build.shoulder
    distance = max(view.focal * size / side, 0.9 + 0.5 * build.shoulder)
    bearing = view.bearing(column)
    x, y = view.x + distance * float(np.cos(bearing)), view.y + distance * float(np.sin(bearing))
    return Standing(build, pose, x, y, float(rng.uniform(0, 2 * np.pi)), int(rng.integers(2**31)))


def union(masks: Mask) -> Mask:
    """Masks (n,h,w) in one (h,w); empty without animals."""
    together: Mask = np.any(masks, axis=0)
    return together
