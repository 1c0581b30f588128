"""The one exception for mistakes a user can mend."""


class FerlabError(Exception):
    """A mistake in the input, the configuration or the data that the user can mend.

    The message says what is wrong, where, what was expected, what was found and the cure. The entries print it
    without a traceback and exit with status 2.
    """


def expect_whole(**values: object) -> None:
    """Refuse options that are no whole numbers, by their names.

    Raises:
        FerlabError: the first that is none.
    """
    for name, value in values.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise FerlabError(f"{name}: expected a whole number, found {value!r}; cure: {name}=100, say")
