"""Proof that nothing recorded was altered or taken away, for people who do not trust us."""
