"""The paper's test photographs: how many each camera location has (Table 1), and which locations its tables list."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LISTED_FROM = 30  # photographs with an animal that a location needs for a row of its own

PUBLISHED: Mapping[str, int] = MappingProxyType(
    {
        "2": 1, "4": 42, "6": 54, "10": 36, "11": 8, "21": 11, "23": 17, "25": 3, "26": 2, "27": 2, "29": 11, "32": 11,
        "34": 1017, "37": 29, "41": 262, "42": 35, "44": 28, "48": 21, "53": 31, "57": 138, "59": 53, "61": 69,
        "63": 79, "66": 26, "70": 12, "120": 5,
    }
)  # fmt: skip
