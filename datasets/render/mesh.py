"""Triangle meshes as arrays, the few shapes that animals and plants are made of, and their way into Mitsuba."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import mitsuba as mi
import numpy as np
from numpy.typing import NDArray

from datasets.render.noise import Array, linear

Index = NDArray[np.int64]
Plugin: TypeAlias = Any  # a Mitsuba object, which has no useful static type


@dataclass(frozen=True)
class Mesh:
    """`vertices` (n,3) in metres and `faces` (m,3).

    Per vertex an sRGB colour (n,3), or a `shade` (n,) in [0, 1] that points into a palette; and unit normals (n,3).
    """

    vertices: Array
    faces: Index
    colours: Array | None = None
    shade: Array | None = None
    normals: Array | None = None

    def moved(self, rotation: Array, offset: Array) -> Mesh:
        """The mesh rotated by a (3,3) matrix, then shifted by (3,)."""
        normals = None if self.normals is None else self.normals @ rotation.T
        return replace(self, vertices=self.vertices @ rotation.T + offset, normals=normals)


def merge(meshes: Sequence[Mesh]) -> Mesh:
    """One mesh of several; all have colours, or all have shades."""
    starts = np.cumsum([0] + [len(m.vertices) for m in meshes[:-1]])
    colours = [m.colours for m in meshes if m.colours is not None]
    shade = [m.shade for m in meshes if m.shade is not None]
    normals = [m.normals for m in meshes if m.normals is not None]
    return Mesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate([m.faces + s for m, s in zip(meshes, starts, strict=True)]),
        np.concatenate(colours) if colours else None,
        np.concatenate(shade) if shade else None,
        np.concatenate(normals) if len(normals) == len(meshes) else None,
    )


def grid_faces(rows: int, columns: int, wrap: bool = False) -> Index:
    """Triangles of a rows x columns sheet of vertices; `wrap` joins the last column to the first."""
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns if wrap else columns - 1), indexing="ij")
    a = (row * columns + column).ravel()
    b = (row * columns + (column + 1) % columns).ravel()
    return np.concatenate([np.stack([a, b, a + columns], 1), np.stack([b, b + columns, a + columns], 1)])


def smooth_normals(vertices: Array, faces: Index) -> Array:
    """Unit normals (n,3), area-weighted over the faces round each vertex."""
    corners = vertices[faces]
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.stack(
        [sum(np.bincount(faces[:, k], face[:, axis], len(vertices)) for k in range(3)) for axis in range(3)], 1
    )
    unit: Array = total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
    return unit


def tube(points: Array, radii: Array, sides: int = 7) -> Mesh:
    """A round tube through `points` (n,3) with `radii` (n,); shade runs 0..1 along it."""
    tangent = np.gradient(points, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    helper = np.where(np.abs(tangent[:, 2:]) < 0.9, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
    side = np.cross(tangent, helper)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    up = np.cross(side, tangent)
    turn = np.arange(sides) * 2 * np.pi / sides
    ring = np.cos(turn)[None, :, None] * side[:, None] + np.sin(turn)[None, :, None] * up[:, None]
    vertices = points[:, None] + radii[:, None, None] * ring
    shade = np.repeat(np.linspace(0, 1, len(points)), sides)
    return Mesh(vertices.reshape(-1, 3), grid_faces(len(points), sides, wrap=True), shade=shade)


def quads(centres: Array, along: Array, across: Array, shade: Array) -> Mesh:
    """Diamonds: leaves with tips at `centres` +- `along` and sides at +- `across`, all (n,3); `shade` (n,)."""
    corners = np.stack([centres - along, centres + across, centres + along, centres - across], 1)
    first = 4 * np.arange(len(centres))[:, None]
    faces = np.concatenate([first + np.array(corner) for corner in ([0, 1, 2], [0, 2, 3])])
    return Mesh(corners.reshape(-1, 3), faces, shade=np.repeat(shade, 4))


def ball(centre: Array, radius: float, sides: int = 10) -> Mesh:
    """A sphere of latitude rings."""
    latitude = np.linspace(-np.pi / 2, np.pi / 2, sides)
    points = centre + radius * np.sin(latitude)[:, None] * np.array([0.0, 0.0, 1.0])
    return tube(points, np.maximum(radius * np.cos(latitude), 1e-4), sides)


def painted(mesh: Mesh, colour: Sequence[float]) -> Mesh:
    """The mesh in one sRGB colour, with smooth normals."""
    colours = np.broadcast_to(np.asarray(colour, float), (len(mesh.vertices), 3)).copy()
    return replace(mesh, shade=None, colours=colours, normals=smooth_normals(mesh.vertices, mesh.faces))


def to_mitsuba(mesh: Mesh, bsdf: Plugin, uv: Array | None = None) -> Plugin:
    """A Mitsuba mesh. Colours become the attribute `vertex_color`; `uv` (n,2) or the shade texture coordinates."""
    if uv is None and mesh.shade is not None:
        uv = np.stack([np.clip(mesh.shade, 0.01, 0.99), np.full(len(mesh.vertices), 0.5)], 1)
    properties = mi.Properties()
    properties["mesh_bsdf"] = bsdf
    shape = mi.Mesh(
        "mesh",
        len(mesh.vertices),
        len(mesh.faces),
        has_vertex_normals=mesh.normals is not None,
        has_vertex_texcoords=uv is not None,
        props=properties,
    )
    if mesh.colours is not None:
        shape.add_attribute("vertex_color", 3, linear(mesh.colours).astype(np.float32).ravel())
    parameters = mi.traverse(shape)
    parameters["vertex_positions"] = mesh.vertices.astype(np.float32).ravel()
    parameters["faces"] = mesh.faces.astype(np.uint32).ravel()
    if mesh.normals is not None:
        parameters["vertex_normals"] = mesh.normals.astype(np.float32).ravel()
    if uv is not None:
        parameters["vertex_texcoords"] = uv.astype(np.float32).ravel()
    parameters.update()
    return shape
