"""How a break of one of our own probes is told: it costs some evidence, never the diagnosis."""


def failure(what: str, error: Exception) -> str:
    """One line: what broke, and on what."""
    message = " ".join(str(error).split())[:200]
    return f"{what}: {type(error).__name__}: {message}"


def left_out(what: str) -> str:
    """The note to a user that something of ours failed: less was looked at than could have been."""
    return f"a part of regraft broke and was left out; please report it: {what}"
