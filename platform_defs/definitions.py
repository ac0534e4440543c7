"""The composition root: everything Dagster loads. Nothing heavy is imported from here; ops import it when they run."""

import logging
from types import ModuleType

import dagster as dg

import assets.products
from assets.kinds.health import specs_definitions
from assets.kinds.lake_io import lake_io
from assets.kinds.loading import Loaded, load_products, refused
from assets.kinds.people import awaited, extended, python_definitions, python_tables
from assets.kinds.personal import Views, masked_views
from assets.kinds.tables import PLATFORM, table_definitions
from platform_defs.services import services
from resources.settings import Settings, load_settings
from sensors.specs import specs_sensor

log = logging.getLogger("adp")
AUTOMATION_SECONDS = 30


def products(settings: Settings, package: ModuleType = assets.products) -> dg.Definitions:
    """The products of the specs folder, the assets people wrote, and what the one adds to the other."""
    people = python_definitions(package)
    loaded = load_products(settings.specs_dir, python_tables(people))
    built = table_definitions(loaded.checked.tables, settings.environments, loaded.checked.extensions)
    tables = [entry.table for entry in loaded.checked.tables]
    problems = [*loaded.problems, *built.problems, *([] if settings.components == "allow" else refused(loaded))]
    for problem in problems:
        log.error("a product is left out: %s", problem)
    return dg.Definitions.merge(
        dg.Definitions(assets=built.assets, resources={"lake_io": lake_io(loaded.checked.extensions, tables)}),
        extended(people, loaded.checked.extensions, settings.environments, _views(loaded)),
        specs_definitions(problems),
        dg.Definitions(assets=awaited(people, (asset.key for asset in built.assets))),
        dg.Definitions(sensors=[specs_sensor(problems)]),
        *_other(loaded, settings),
    )


def _views(loaded: Loaded) -> Views:
    """The masked views of every table, those of people's assets too."""
    tables = (entry.table for entry in loaded.checked.tables)
    return masked_views((table, environment) for table in tables for environment in table.environments)


def _other(loaded: Loaded, settings: Settings) -> list[dg.Definitions]:
    if not loaded.foreign or settings.components != "allow":
        return []
    from platform_defs.components.other_components import load_components

    return [load_components(loaded.foreign, settings.specs_dir, settings.project)]


def platform() -> dg.Definitions:
    """The platform's own jobs, sensors and resources."""
    automation = dg.AutomationConditionSensorDefinition(
        "automation",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=AUTOMATION_SECONDS,
    )
    return dg.Definitions(sensors=[automation], resources={PLATFORM: platform_resource})


@dg.resource(config_schema={})
def platform_resource(context: dg.InitResourceContext) -> object:
    """Lake, sources, store and the rest, opened when a run needs them: a plain object, no Launchpad can reshape it."""
    from platform_defs.scanning import Scanner
    from resources.platform import open_platform

    return open_platform(load_settings(), context.run, Scanner())


def definitions(settings: Settings) -> dg.Definitions:
    """Everything: products, people's assets, jobs, sensors, resources."""
    return dg.Definitions.merge(products(settings), platform(), services(settings))


defs = definitions(load_settings())
