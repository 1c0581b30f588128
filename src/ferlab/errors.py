"""The one exception for mistakes a user can mend."""


class FerlabError(Exception):
    """A mistake in the input, the configuration or the data that the user can mend.

    The message says what is wrong, where, what was expected, what was found and the cure. The entries print it
    without a traceback and exit with status 2.
    """
