"""Files and databases on the outer side of integration tasks."""
