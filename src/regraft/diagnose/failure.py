"""How a break of one of our own probes is told: it costs some evidence, never the diagnosis."""


def failure(what: str, error: Exception) -> str:
    """One line: what broke, and on what."""
    message = " ".join(str(error).split())[:200]
    return f"{what}: {type(error).__name__}: {message}"
