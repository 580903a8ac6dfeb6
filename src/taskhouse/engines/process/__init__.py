"""Scripts as processes of their own: supervised, stoppable, never outliving the server."""
