"""Networks of SAN by role."""

from purereid.systems.san.painting import Painter
from purereid.systems.san.recognition import Encoder

ROLES = {"encoder": Encoder, "painter": Painter}
