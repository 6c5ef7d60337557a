"""Embedded data: deer rendered in every biome, by the renderer as it is here; photographs and tests are the demo's.

`data=renders`. The pictures are rendered once into the node's cache, in about ten minutes on two cores, and
need the extra `render`; interrupted, it goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from ablate.storage import cache_folder
from datasets import demo
from datasets.options import PrepareConfig
from datasets.render import provenance
from datasets.render.request_options import ALL, PLACE, RenderConfig

RAW = Path(demo.__file__).parent

REQUEST: Mapping[str, object] = {"n": 376, "biomes": (ALL,), "size": "256x192", "samples": 6, "seed": 0}


def config(to: Path, report: Callable[[str], None] = print) -> PrepareConfig:
    """How the pictures, which are rendered first where they are not, become the data root `to`.

    Args:
        report: takes the line that tells where they are rendered, and that some are there already.

    Raises:
        UsageError: the renderer is not installed.
    """
    provenance.require_extra()
    from datasets.render.production import produce  # it needs the extra

    # Other versions of the libraries render other bytes, and would be refused in the same folder.
    wanted = request_into(Path())
    said = json.dumps([wanted.n, provenance.of(wanted)], sort_keys=True)
    request = request_into(cache_folder() / "renders" / hashlib.sha256(said.encode()).hexdigest()[:16])
    report(f"data=renders: its {request.n} pictures are rendered into {request.to}, once")
    produce(request, report, Console(), wait=True)
    return demo.config(to).model_copy(update={"synthetic": request.to, "place": PLACE})


def request_into(folder: Path) -> RenderConfig:
    """What is rendered."""
    return RenderConfig.model_validate({"to": str(folder), **REQUEST})


def follows_from() -> dict[str, str]:
    """What the pictures follow from: the request, the renderer's code, and the versions of its libraries."""
    request = request_into(Path())
    return {
        "request": json.dumps([request.n, provenance.said(request)]),
        "code": provenance.code(request.biomes),
        "versions": json.dumps(provenance.versions()),
    }
