"""What can happen to the policy. This is the storage format: a name, a field and its meaning never
change.

`compiled` is canonical JSON with all that a policy means, each public holiday as a date: no verdict
depends on what a later library knows of holidays. `document` is the TOML that people wrote.
"""

from tocsin.domain.kernel import Event


class DefaultRecorded(Event, name="policy.default-recorded"):
    """The policy that Tocsin brought along and that held until now, written down before the first
    own one is published: so the log alone says which rules there ever were."""

    version: int  # 1; decisions from the beginning of the log on name it
    document: str
    compiled: str


class PolicyPublished(Event, name="policy.published"):
    """From this position on, decisions are taken under these rules."""

    version: int  # one more than the version before; the first that is published is 2
    document: str
    compiled: str
    note: str  # why


PolicyEvent = DefaultRecorded | PolicyPublished
