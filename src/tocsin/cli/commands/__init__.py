"""What `tocsin` can be told to do: one module each."""
