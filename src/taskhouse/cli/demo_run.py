"""Loading the demo's tables into a running server through the tunnel, and showing how to use them.

It talks to the server as any client does, with the released client and a key. Loading again replaces the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from taskhouse.cli.demo_data import TABLES, DemoTable

BATCH_ROWS = 8_192

QUERY = """select   a.name as airline,
         count(*) as flights,
         round(avg(f.dep_delay), 1) as mean_delay,
         round(100.0 * sum(if(f.arr_delay <= 15, 1, 0)) / count(*), 1) as on_time
from     flights f
join     airlines a on a.carrier = f.carrier
where    f.arr_delay is not null
group by a.name
order by flights desc
limit    10;"""


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a server as a client."""

    endpoint: str
    project: str
    access_id: str
    secret: str

    def open(self) -> Any:
        """A client. Nothing is asked of the server yet."""
        from odps import ODPS

        return ODPS(self.access_id, self.secret, project=self.project, endpoint=self.endpoint, overwrite_global=False)

    @property
    def snippet(self) -> str:
        """Five lines that work when they are pasted into a Python with PyODPS and pandas."""
        return "\n".join(
            (
                "from odps import ODPS",
                f'o = ODPS("{self.access_id}", "{self.secret}", "{self.project}", endpoint="{self.endpoint}")',
                'instance = o.execute_sql("select origin, count(*) flights, avg(dep_delay) delay from flights group by origin")',
                "with instance.open_reader(tunnel=True) as reader:",
                "    print(reader.to_pandas())",
            )
        )


def run(connection: Connection, console: Console, workspace: Callable[[], str] = lambda: "") -> None:
    """Load all tables, run a query over them, bring the workspace, print what can be done next."""
    client = connection.open()
    load(client, console)
    story = workspace()
    instance = client.execute_sql(QUERY)
    address = instance.get_logview_address()
    console.print()
    with instance.open_reader(tunnel=True) as reader:
        _print_rows(console, reader)
    show = {
        "endpoint": connection.endpoint,
        "project": connection.project,
        "access id": connection.access_id,
        "secret": connection.secret,
        "Logview of this query": address,
    }
    console.print()
    for label, value in show.items():
        console.print(f"{label:<22} {value}", soft_wrap=True, highlight=False, markup=False)
    if story:
        console.print("\n" + story, soft_wrap=True, highlight=False, markup=False)
    console.print("\nPaste this into a Python with PyODPS (.venv/bin/python has it):\n", highlight=False)
    console.print(connection.snippet + "\n", soft_wrap=True, highlight=False, markup=False)


def load(client: Any, console: Console, tables: Sequence[DemoTable] = TABLES) -> None:
    """Create the tables where they are missing and replace their rows."""
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        for table in tables:
            bar = progress.add_task(table.name, total=None)
            _load_one(client, table, progress, bar)


def _load_one(client: Any, table: DemoTable, progress: Progress, bar: Any) -> None:
    from odps.tunnel import TableTunnel

    client.execute_sql(table.definition)
    batches = list(table.batches(BATCH_ROWS))
    progress.update(bar, total=sum(batch.num_rows for batch in batches))
    session = TableTunnel(client).create_upload_session(table.name, overwrite=True)
    with session.open_arrow_writer(0) as writer:
        for batch in batches:
            writer.write(batch)
            progress.advance(bar, batch.num_rows)
    session.commit([0])


def _print_rows(console: Console, reader: Any) -> None:
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in (column.name for column in reader._schema.columns):
        shown.add_column(name, justify="left" if name == "airline" else "right", no_wrap=True)
    for record in reader:
        shown.add_row(*(str(value) for value in record.values))
    console.print(shown)
