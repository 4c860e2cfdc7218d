"""Times and counts in words, for page and terminal."""

MINUTE = 60
TENTHS_BELOW = 9.95


def duration(seconds: float) -> str:
    """A time as people say it: 0.8 s, 12 s, 1 min 02 s, 2 h 05 min."""
    whole = round(seconds)
    if seconds < TENTHS_BELOW:
        return f"{seconds:.1f} s"
    if whole < MINUTE:
        return f"{whole} s"
    minutes, rest = divmod(whole, MINUTE)
    if minutes < MINUTE:
        return f"{minutes} min {rest:02d} s" if rest else f"{minutes} min"
    return f"{minutes // MINUTE} h {minutes % MINUTE:02d} min"


def counted(count: int, noun: str) -> str:
    """A count with its noun: 1 file, 2 files."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
