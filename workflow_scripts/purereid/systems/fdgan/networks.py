"""Networks of FD-GAN by role: ``recognition`` tells persons apart, ``generation`` draws them."""

from purereid.systems.fdgan.generation import DiscriminatorPose, Generator
from purereid.systems.fdgan.recognition import DiscriminatorIdentity, Encoder, Verifier

ROLES = {
    "encoder": Encoder,
    "verifier": Verifier,
    "generator": Generator,
    "discriminator_identity": DiscriminatorIdentity,
    "discriminator_pose": DiscriminatorPose,
}
