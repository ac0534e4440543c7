"""Great Expectations' Data Docs from our results: pages to open in a browser, with or without a network.

Its pages load their styles and scripts from four hosts; here they carry a small style sheet of their own instead.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from agents.core.errors import ConfigError, StateError
from assets.kinds.rules.foreign import EXTRA
from assets.kinds.rules.result import RuleResult

if TYPE_CHECKING:
    from collections.abc import Generator

_SITE = "site"
_REMOTE = re.compile(
    r"url\('https?:[^)]*\)|"
    r"<script[^>]*\bsrc=\"https?:[^>]*>\s*</script>|<link[^>]*\bhref=\"https?:[^>]*>|<img[^>]*\bsrc=\"https?:[^>]*>"
)
_FOOTER = re.compile(r"<footer\b.*?</footer>", re.DOTALL)
_SUITE_LINK = re.compile(r"<a[^>]*href=\"[^\"]*expectations/[^\"]*\"[^>]*>(.*?)</a>", re.DOTALL)
_FILTERS = re.compile(r"<button[^>]*>\s*Clear Filters\s*</button>")
_UNSAID = frozenset(
    {
        "expect_column_pair_values_to_be_in_set",
        "expect_column_values_to_match_like_pattern",
        "expect_column_values_to_match_like_pattern_list",
        "expect_column_values_to_not_be_outliers",
        "expect_column_values_to_not_match_like_pattern",
        "expect_column_values_to_not_match_like_pattern_list",
        "expect_multicolumn_sum_to_equal",
        "expect_table_row_count_to_equal",
    }
)
"""Types whose words leave out which rows they are about."""
_HEAD = """<meta http-equiv="Content-Security-Policy"
content="default-src 'self' data: 'unsafe-inline'; script-src 'none'">
<style>
body{font:15px/1.5 system-ui,sans-serif;margin:0;color:#212529;background:#fff}a{color:#0b5cad}
.container,.container-fluid{padding:12px 24px}.row{display:flex;flex-wrap:wrap;gap:12px}.row>*{min-width:0}
.navbar{background:#f4f6f8;padding:8px 24px}.navbar-brand img{height:28px}.nav{padding:0}.nav-link{display:inline-block}
.card{border:1px solid #dde2e7;border-radius:6px}.card-header{background:#f4f6f8;padding:6px 12px}
.card-body{padding:8px 12px}.collapse{display:block}.breadcrumb-item+.breadcrumb-item:before{content:"/ "}
ol.breadcrumb{display:flex;gap:8px;list-style:none;padding:8px 24px;margin:0}
table{border-collapse:collapse;width:100%;margin:6px 0}th{background:#f4f6f8;overflow-wrap:normal!important}
th,td{border:1px solid #dde2e7;padding:6px 10px;text-align:left;vertical-align:top;overflow-wrap:anywhere}
.table-success,.bg-success{background:#dff3e3!important}.table-danger,.bg-danger{background:#fbe3e4!important}
.badge{border-radius:4px;padding:1px 6px;background:#e6eaee;margin:0 2px}
.text-success{color:#157347}.text-danger{color:#b02a37}.fa-check-circle:before{content:"\\2713"}
.fa-times:before{content:"\\2717"}.fa-exclamation-triangle:before{content:"\\26A0"}
.card.mb-3,.tooltip,.tooltiptext,.popover,.modal,.d-none{display:none}.col-3,.col-md-3{flex:0 0 22%}
.col-9,.col-md-9{flex:1 1 70%}.col-12{flex:0 0 100%}
</style>"""
"""Nothing on a page runs: names of columns come from sources, and the pages' own scripts need the ones left out."""


def write_docs(results: Mapping[str, Sequence[RuleResult]], folder: Path, environment: str, now: datetime) -> Path:
    """Write the pages of tables (`layer/table` to results) into an empty or new folder; its `index.html`.

    ConfigError where Great Expectations is not installed, StateError where the folder holds other things.
    """
    try:
        import great_expectations as gx
    except ImportError as error:
        raise ConfigError("Data Docs are made by Great Expectations, which is not installed", fix=EXTRA) from error
    index = folder / "index.html"
    if folder.exists() and any(folder.iterdir()) and not (folder / "static").is_dir():
        raise StateError("the folder holds other files", where=str(folder), fix="give a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    with _quiet():
        context = _context(gx, folder)
        for asset, found in results.items():
            _add(context, f"{environment}.{asset.replace('/', '.')}", asset, found, now)
        context.build_data_docs(site_names=[_SITE])
    pages = sorted(folder.rglob("*.html"))
    lacking = [asset for asset in results if f"{asset.replace('/', '.')}.html" not in {page.name for page in pages}]
    if lacking or not index.is_file():
        raise StateError(f"Great Expectations could not render {', '.join(lacking) or 'the index'}", where=str(folder))
    overview = _overview(results, {asset: _page_of(asset, pages).relative_to(folder).as_posix() for asset in results})
    for page in pages:
        page.write_text(_offline(page.read_text("utf-8"), overview if page == index else ""), "utf-8")
    return index


def _page_of(asset: str, pages: Sequence[Path]) -> Path:
    return next(page for page in pages if page.name == f"{asset.replace('/', '.')}.html")


def _overview(results: Mapping[str, Sequence[RuleResult]], links: Mapping[str, str]) -> str:
    """The tables with their verdicts: Great Expectations' own list is made by a script from elsewhere."""
    rows = [
        f'<tr class="table-{"success" if passed == len(found) else "danger"}"><td>'
        f'<a href="{escape(quote(links[asset]))}">{escape(asset)}</a></td><td>{passed} of {len(found)}</td></tr>'
        for asset, found in results.items()
        for passed in (sum(result.success for result in found),)
    ]
    return f"<table><tr><th>Table</th><th>Rules that hold</th></tr>{''.join(rows)}</table>"


def _context(gx: Any, folder: Path) -> Any:
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

    defaults = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    context = gx.get_context(mode="ephemeral", project_config=DataContextConfig(store_backend_defaults=defaults))
    context.add_data_docs_site(
        _SITE,
        {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.resolve())},
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        },
    )
    return context


def _add(context: Any, suite: str, asset: str, results: Sequence[RuleResult], now: datetime) -> None:
    from great_expectations.core import ExpectationSuiteValidationResult, RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    run = RunIdentifier(run_name=suite.partition(".")[0], run_time=now)
    passed, count = sum(result.success for result in results), len(results)
    definition = {"datasource_name": "lake", "data_connector_name": "delta", "batch_identifiers": {}}
    validation = ExpectationSuiteValidationResult(
        success=passed == count,
        results=[_result(result) for result in results],
        suite_name=suite,
        statistics={
            "evaluated_expectations": count,
            "successful_expectations": passed,
            "unsuccessful_expectations": count - passed,
            "success_percent": 100 * passed / count if count else None,
        },
        meta={
            "run_id": run,
            "validation_time": now.isoformat(),
            "active_batch_definition": {**definition, "data_asset_name": asset},
            "batch_kwargs": {"data_asset_name": asset},
            "great_expectations_version": version("great_expectations"),
        },
    )
    key = ValidationResultIdentifier(ExpectationSuiteIdentifier(suite), run, asset.replace("/", "."))
    context.validation_results_store.add(key, validation)


def _result(result: RuleResult) -> Any:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    body = result.to_gx()
    # Names of columns become headings, which are not escaped there; what else is shown is.
    kwargs = {
        k: escape(v) if k.startswith("column") and isinstance(v, str) else v for k, v in result.rule.kwargs.items()
    }
    config: dict[str, Any] = {"type": result.rule.type, "kwargs": kwargs, "meta": body["expectation_config"]["meta"]}
    if result.error:
        # What could not be evaluated may be no expectation at all: the page says what it was.
        named = ", ".join(f"{key} {value}" for key, value in result.rule.kwargs.items() if "column" in key)
        text = f"{result.rule.type} ({named or 'table'}) could not be evaluated: {result.error[:300]}"
        config = {"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": "{batch}"}, "meta": {}}
        body |= {"result": {"observed_value": text}, "exception_info": {"raised_exception": False}}
        config["description"] = escape(text.replace("$", ""))
    elif result.rule.condition and result.rule.type in _UNSAID:
        rest = ", ".join(f"{name} {value}" for name, value in result.rule.kwargs.items() if "condition" not in name)
        text = f"If {result.rule.condition}, then {result.rule.type} ({rest})."
        config["description"] = escape(text.replace("$", ""))
    if isinstance(observed := body["result"].get("observed_value"), str):
        body["result"]["observed_value"] = escape(observed)
    return ExpectationValidationResult(
        success=body["success"],
        expectation_config=ExpectationConfiguration(**config),
        result=body["result"],
        meta={},
        exception_info=body["exception_info"],
    )


def _offline(page: str, overview: str) -> str:
    page = _SUITE_LINK.sub(r"\1", _FOOTER.sub("", _REMOTE.sub("", page)))
    return _FILTERS.sub(lambda _: overview, page).replace("</head>", f"{_HEAD}</head>", 1)


@contextmanager
def _quiet() -> Generator[None]:
    """Great Expectations logs what it cannot render and goes on; whether it went well is looked at afterwards."""
    logger = logging.getLogger("great_expectations")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
