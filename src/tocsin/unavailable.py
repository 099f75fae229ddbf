"""What every store says when it cannot be reached, so that one answer fits all of them."""


class StoreUnavailable(Exception):
    """The log cannot be written or read at the moment. Nothing of the batch was acknowledged."""
