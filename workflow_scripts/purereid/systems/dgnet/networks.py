"""Networks of DG-Net by role: ``recognition`` tells persons apart, ``generation`` draws them."""

from purereid.systems.dgnet.generation import Generator
from purereid.systems.dgnet.recognition import Encoder

ROLES = {"encoder": Encoder, "generator": Generator}
