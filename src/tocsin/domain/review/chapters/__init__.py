"""How each kind of event changes a review, and how it is told, in the order of a review's life."""
