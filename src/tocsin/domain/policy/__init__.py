"""What the organisation has decided, apart from any one incident: priorities, targets, approvals.

It is written as a TOML document, compiled to a value, and published as an event. A decision names
the version that it was taken under, so that it can be explained after the policy has changed.
"""

from tocsin.domain.policy.default import DEFAULT_DOCUMENT, DEFAULT_POLICY
from tocsin.domain.policy.record import Policy

__all__ = ["DEFAULT_DOCUMENT", "DEFAULT_POLICY", "Policy"]
