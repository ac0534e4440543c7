"""Assets that people write read personal data through the lake's IO manager: that is in the ledger."""

from __future__ import annotations

from pathlib import Path

from resources.platform import Platform
from tests.unit.product_runs import Deployment, python_package

SPECS = """
    - name: people
      layer: silver
      sql: "SELECT 'ann@x.org' AS email, 'Bonn' AS city"
      columns: {email: {pii: EMAIL_ADDRESS}, phone: {pii: PHONE_NUMBER}, city: {pii: none}}
    - {name: cities, layer: silver, sql: "SELECT 'Bonn' AS city"}
"""
PYTHON = """
    import dagster as dg
    import pyarrow as pa

    @dg.asset(
        key=["dev", "gold", "{name}"],
        ins={{"rows": dg.AssetIn(["dev", "silver", "{source}"], input_manager_key="lake_io")}},
        io_manager_key="lake_io",
    )
    def {name}(rows: pa.Table) -> pa.Table:
        return rows.select(["city"])
"""


def test_an_assets_reading_of_personal_data_is_recorded(tmp_path: Path) -> None:
    files = {
        "towns": PYTHON.format(name="towns", source="people"),
        "places": PYTHON.format(name="places", source="cities"),
    }
    with python_package(tmp_path, **files) as package:
        deployment = Deployment(tmp_path, package)
        deployment.product(SPECS)
        assert deployment.run("dev/silver/people", "dev/silver/cities").success
        run = deployment.run("dev/gold/towns", "dev/gold/places")
        assert run.success
    (record,) = Platform.of(deployment.settings, {}).ledger.records(kind="read")
    entry = record.entry
    assert (entry.who, entry.subject, entry.trace) == ("step:dev__gold__towns", "dev/silver/people", run.result.run_id)
    assert (entry.facts["columns"], entry.facts["rows"]) == (["email"], 1), "what the table has no more is not read"
    assert "ann@" not in str(entry)
