"""COCO Camera Traps JSON to records, and the part of selection that needs no pixels.

The format: https://lila.science/coco-camera-traps. What real files hold against it is understood where it has one
meaning, else listed or left out, never guessed at.

tables     a file's bytes -> its three lists
cells      values that went through a table program: absent ones, whole floats
clock      the forms of a camera's time
entries    one image -> a record, one annotation -> a box
listing    one or several files -> all records
emptiness  the categories that say that no animal is there
rules      what is asked for
"""

from datasets.raw.camera_traps.reader import Listing, parse, read
from datasets.raw.camera_traps.records import UNKNOWN, Annotation, Box, Record, names
from datasets.raw.camera_traps.rules import Rule

__all__ = ["UNKNOWN", "Annotation", "Box", "Listing", "Record", "Rule", "names", "parse", "read"]
