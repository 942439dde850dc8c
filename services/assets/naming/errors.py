"""A name that isn't taken."""

from chassis.problems import FieldError, Invalid


class WrongName(Invalid):
    """`right_name`: the one to send."""

    slug, title = "wrong-name", "Not the right name"

    def __init__(self, problem: str, right_name: str) -> None:
        error = FieldError(pointer="query/filename", detail=problem, remedy=f"Name it {right_name}.")
        super().__init__(f"The file's name is refused: {problem}. Name it {right_name}.", errors=[error],
                         right_name=right_name)  # fmt: skip
