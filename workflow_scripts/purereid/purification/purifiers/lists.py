"""Lists of linked neighbours: which of them purification accepts, and how often they name each image.

The list of an image is its neighbours whose link is predicted. It is directed: that a list names b says nothing about
the list of b. The image itself is in none of its own list.
"""

from typing import NamedTuple

import numpy as np

from purereid.purification.link_checks import check_links

TINY = 1e-4  # added to every union in the published code; a list of nothing thereby overlaps 0


class Namings(NamedTuple):
    """How lists name each of N images.

    Attributes:
        any_list: int64 [N], number of lists that name the image, accepted or not.
        own, other: int64 [N], accepted lists of its intended identity and of other identities.
        own_weight, other_weight: float64 [N], the probabilities of these links, summed.
        alone: bool [N], no other image has this intended identity.
    """

    any_list: np.ndarray
    own: np.ndarray
    other: np.ndarray
    own_weight: np.ndarray
    other_weight: np.ndarray
    alone: np.ndarray


def count_namings(
    pids: np.ndarray, indices: np.ndarray, probability: np.ndarray, threshold: float, overlap: float
) -> Namings:
    """Count who is named by which lists.

    Args:
        pids: int64 [N], intended identities.
        indices, probability: [N, K1], links.
        threshold: a link is predicted where its probability is above this.
        overlap: a list is accepted where its overlap with the longest of its identity is at least this.

    Raises:
        UserError: a probability that is no number of 0..1.
        ValueError: shapes or images that do not fit together.
    """
    check_links(indices, probability)
    if pids.shape != (len(indices),):
        raise ValueError(f"identities of shape {pids.shape} for {len(indices)} images")
    _, owner, sizes = np.unique(pids, return_inverse=True, return_counts=True)
    row, column = np.nonzero(probability > threshold)
    member, weight = indices[row, column].astype(np.int64), probability[row, column].astype(np.float64)
    accepted = _accepted(owner, row, member, overlap)[row]
    same = owner[row] == owner[member]

    def number(chosen: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(member[chosen], None if weights is None else weights[chosen], minlength=len(pids))

    own, other = accepted & same, accepted & ~same
    every = np.ones(len(member), bool)
    alone = sizes[owner] == 1
    return Namings(number(every), number(own), number(other), number(own, weight), number(other, weight), alone)


def reasons(namings: Namings) -> list[str]:
    """In words, what the lists say of each image."""
    columns = (namings.any_list, namings.own, namings.other, namings.alone)
    return [_words(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _accepted(owner: np.ndarray, row: np.ndarray, member: np.ndarray, overlap: float) -> np.ndarray:
    """Which of N lists are accepted: bool [N].

    Args:
        owner: int [N], identity of each image as 0, 1, ...
        row, member: [L], all links: image whose list it is, image that it names.
    """
    number = len(owner)
    lengths = np.bincount(row, minlength=number)
    longest = _longest(owner, lengths)[owner]  # of the identity of each image
    sought = np.flatnonzero((longest == np.arange(number))[row])  # the links that make up the longest lists
    in_longest = np.isin(owner[row] * number + member, owner[row[sought]] * number + member[sought])
    common = np.bincount(row[in_longest], minlength=number)
    union = lengths + lengths[longest] - common
    return (lengths[longest] > 0) & (common / (union + TINY) >= overlap)


def _longest(owner: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """[identities] the image with the longest list; the first in the order of the input on ties."""
    order = np.lexsort((-lengths, owner))  # stable
    return order[np.unique(owner[order], return_index=True)[1]]


def _words(any_list: int, own: int, other: int, alone: bool) -> str:
    if own and other:
        words = f"named by {_lists(own, 'accepted ')} of its identity and {other} of others"
    elif own:
        words = f"named by {_lists(own, 'accepted ')} of its identity"
    elif other:
        words = f"named only by {_lists(other, 'accepted ')} of other identities"
    elif any_list:
        words = f"named by {_lists(any_list)}, none of them accepted"
    else:
        words = "no list names it"
    return f"{words}; the only image of its identity" if alone else words


def _lists(number: int, kind: str = "") -> str:
    return f"{number} {kind}list{'s' if number > 1 else ''}"
