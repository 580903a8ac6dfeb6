"""From definitions to what runs: published tasks with their nodes and code, physical tables, views.

`materialize` is a function of the workspace, the environment and what was published before; it changes nothing. `deploy` then makes
the tables and views, as often as it is asked.
"""

from taskhouse.services.materialization.deploying import deploy
from taskhouse.services.materialization.planning import Materialized, materialize

__all__ = ["Materialized", "deploy", "materialize"]
