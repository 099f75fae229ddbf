"""Is everything as it should be here? Each question has an answer, a level, and a way out."""
