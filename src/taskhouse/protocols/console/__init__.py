"""The console for browsers: serves what `console/` was built into. It talks to the REST API like any other client."""
