"""COCO Camera Traps JSON to records, and the part of selection that needs no pixels.

The format: https://lila.science/coco-camera-traps. What real files hold against it is understood where it has one
meaning, else listed or left out, never guessed at.

values     values that went through a table program: absent ones, whole floats
clock      the forms of a camera's time
entries    one image -> a record, one annotation -> a box
parser     one or several files -> their lists -> all records
rules      what is asked for, and the categories that say that no animal is there
"""

from datasets.raw.camera_traps.parser import Listing, parse, read
from datasets.raw.camera_traps.records import UNKNOWN, Annotation, Box, Record, names
from datasets.raw.camera_traps.rules import Rule

__all__ = ["UNKNOWN", "Annotation", "Box", "Listing", "Record", "Rule", "names", "parse", "read"]
