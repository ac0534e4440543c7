"""Nothing writes production while nobody can approve it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.core.errors import ApprovalRequired
from resources.platform import Platform
from resources.settings import load_settings


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return Platform.of(load_settings({"ADP_STATE": str(tmp_path / "state")}, cwd=tmp_path), {})


def test_the_lake_refuses_prod_and_takes_dev(platform: Platform) -> None:
    rows = pa.table({"a": [1, 2]})
    platform.lake.overwrite(TableId("dev", "gold", "x"), rows.to_reader())
    with pytest.raises(ApprovalRequired, match="needs an approval"):
        platform.lake.overwrite(TableId("prod", "gold", "x"), rows.to_reader())
    assert platform.lake.tables("prod") == []


def test_a_link_from_dev_to_prod_is_no_way_in(platform: Platform) -> None:
    prod = Path(platform.settings.lake_roots["prod"])
    dev = Path(platform.settings.lake_roots["dev"])
    prod.mkdir(parents=True)
    dev.parent.mkdir(parents=True, exist_ok=True)
    dev.symlink_to(prod, target_is_directory=True)
    with pytest.raises(ApprovalRequired):
        platform.lake.overwrite(TableId("dev", "gold", "x"), pa.table({"a": [1]}).to_reader())
    assert list(prod.rglob("*.parquet")) == []
