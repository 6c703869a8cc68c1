"""Whether an experiment can teach another by saying who generated images show."""

from purereid.errors import UserError

SAME = ("train", "splits", "height", "width")  # what a teacher must share, so that it knows the identities


def check_teacher(settings: dict, teacher: dict, where: str) -> None:
    """Refuse who cannot say which of the identities of a training set an image shows.

    Args:
        settings, teacher: as for ``check`` of a system's ``checks.py``, see ``networks.registry``.
        where: the setting that names the teacher.

    Raises:
        UserError: a teacher of others or of images of another size, without classifier, or that learns nothing.
    """
    for name in SAME:
        if settings[name] != teacher[name]:
            raise UserError(
                f"the teacher {teacher['name']} has {name} {teacher[name]}, and its student {settings[name]}",
                where=where,
                expected="a teacher of the same identities and the same size of images",
                do=f"name another experiment, or give both the same {name}",
            )
    if not teacher["classifies"]:
        raise UserError(
            f"the teacher {teacher['name']} has no classifier, and so says of nobody who it is",
            where=where,
            expected="an experiment of the system bot, pcb or dgnet",
        )
    if teacher.get("epochs") == 0:
        raise UserError(
            f"the teacher {teacher['name']} learns nothing: its epochs are 0",
            where=where,
            expected="an experiment that is trained",
        )
