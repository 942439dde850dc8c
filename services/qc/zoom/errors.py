"""What keeps cells from counting."""

from chassis.problems import Conflict


class NothingToSee(Conflict):
    """The version's size isn't known: nobody can say which of its cells were seen."""

    slug, title = "not-measured", "It couldn't be measured"
