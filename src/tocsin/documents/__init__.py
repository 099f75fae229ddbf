"""Documents that people read: said once as sections, shown as Markdown or as one HTML file."""
