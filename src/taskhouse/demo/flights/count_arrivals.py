"""Says how many flights and weather readings of the day have landed, and fails when there are none."""

import os

from odps import ODPS

day = os.environ["day"]
server = ODPS.from_environments()
counts = {}
for table in ("flight_day", "weather_day"):
    with server.execute_sql(f"SELECT COUNT(*) FROM landing.{table} WHERE ds = '{day}'").open_reader() as reader:
        counts[table] = int(reader[0][0])
    print(f"{table} {day}: {counts[table]} rows")
if not counts["flight_day"]:
    raise SystemExit(f"no flight of {day} has landed")
