"""Why a variant could not be rendered."""


class CannotRender(ValueError):
    """The master can't be read, or no file can meet the channel's limits. The message says which and why."""
