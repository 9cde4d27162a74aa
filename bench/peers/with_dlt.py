"""dlt's own REST source into DuckDB, as its documentation has it.

`tuned` has what its users change once it is slow: Parquet between its steps, and no
tables for what is nested. `python -m bench.peers.with_dlt URL FILE tuned|plain`
"""

import os
import sys
from pathlib import Path

import dlt
from dlt.sources.rest_api import rest_api_source

PAGE = 1_000


def main(url: str, path: str, how: str) -> None:
    """Read all leads into the table `leads` of a new file."""
    paginator = {
        "type": "page_number",
        "base_page": 1,
        "total_path": "pagination.total_pages",
    }
    endpoint = {
        "path": "leads",
        "params": {"per_page": PAGE},
        "data_selector": "data",
        "paginator": paginator,
    }
    leads = {
        "name": "leads",
        "primary_key": "id",
        "write_disposition": "merge",
        "endpoint": endpoint,
    }
    auth = {"type": "bearer", "token": os.environ["LEADWELL_TOKEN"]}
    source = rest_api_source(
        {"client": {"base_url": f"{url}/", "auth": auth}, "resources": [leads]}
    )
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(Path(path).parent / f"dlt-{how}"),
        destination=dlt.destinations.duckdb(path),
        dataset_name="copy",
    )
    if how == "tuned":
        source.max_table_nesting = 0
        pipeline.run(source, loader_file_format="parquet")
    else:
        pipeline.run(source)


if __name__ == "__main__":
    main(*sys.argv[1:])
