"""A pool of earlier fakes, so that a discriminator does not forget them."""

import torch


class History:
    """Shrivastava et al., Learning from Simulated and Unsupervised Images through Adversarial Training, CVPR 2017.

    While the pool fills, images come back as they are. Later each image comes back as it is, or, with probability 1/2,
    an image of the pool comes back in its place and it takes that image's place in the pool.

    Args:
        size: images kept, at least 0; 0 is no pool.
    """

    def __init__(self, size: int):
        self.size = size
        self.images: torch.Tensor | None = None

    def exchange(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Put a batch [B, C, H, W] in and take a batch of the same shape out.

        Args:
            images: without gradient; not modified.
            generator: CPU generator of the draws.
        """
        kept = images[:0] if self.images is None else self.images.to(images.device)
        room = min(self.size - len(kept), len(images))
        kept, back = torch.cat([kept, images[:room]]), images.clone()
        late = len(images) - room
        swapped = torch.rand(late, generator=generator) < 0.5
        places = torch.randint(max(1, self.size), (late,), generator=generator)
        for number in torch.flatten(swapped.nonzero()).tolist() if self.size else ():
            place = places[number]
            back[room + number], kept[place] = kept[place].clone(), images[room + number]
        self.images = kept
        return back
