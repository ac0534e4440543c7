"""The words a goal is made of, apart from the catalog's own. Data only."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


def inflect(verb: str) -> frozenset[str]:
    """The forms of a regular English verb."""
    if verb.endswith("e"):
        return frozenset({verb, verb + "s", verb + "d", verb[:-1] + "ing"})
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return frozenset({verb, verb[:-1] + "ies", verb[:-1] + "ied", verb + "ing"})
    plural = verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh")) else "s")
    forms = {verb, plural, verb + "ed", verb + "ing"}
    if verb[-1] in "bgmnpt" and verb[-2] in "aeiou" and (len(verb) < 3 or verb[-3] not in "aeiou"):
        forms |= {verb + verb[-1] + "ed", verb + verb[-1] + "ing"}
    return frozenset(forms)


def verbs(text: str) -> frozenset[str]:
    """All forms of the verbs in `text`."""
    return frozenset(form for verb in text.split() for form in inflect(verb))


INGEST = verbs(
    "sync synch synchronise synchronize copy load pull import ingest extract replicate fetch land move transfer "
    "mirror "
    "bring stream offload migrate collect grab ship onboard download backfill reload refresh put feed snapshot dump "
    "integrate capture update get duplicate transport upload deliver retrieve clone"
) | word_set("brought got gotten available arrive arrives arriving resync preload etl elt")
INGEST_NOUNS = word_set("pipeline pipelines ingestion replication synchronisation synchronization etl elt dataflow")
BUILD = verbs(
    "build create make compute calculate produce generate aggregate summarise summarize derive prepare roll "
    "materialize materialise count sum total average show report"
) | word_set("built made")
TRAIN = verbs("train predict forecast classify")
ALL = word_set("everything all every each whole entire")

# Words that carry no content of their own: they end a noun phrase.
STOP = word_set(
    "a an the this that these those it its them they their our your my we i you us me he she his her him of in on at "
    "to into onto from by for with without within as and or but nor so if then than when where which who whom whose "
    "what "
    "why how is are was were be been being am do does did done has have had having will would shall should can could "
    "may might must please kindly just only also too very really now here there not no never none any some all every "
    "each both either neither much many more most less least few several such own same other others another again "
    "once "
    "up down out off over under about after before until since between during through via per across against toward "
    "towards upon let lets want wants need needs needed like wish would'd could'd thanks thank hi hello hey dear ok "
    "okay "
    "sure yes hereby simply quickly automatically regularly always still already yet even ever first last next "
    "new newest latest recent current existing available relevant necessary required possible proper good best nice "
    "anything something everything nothing anyone someone everyone whatever whichever thing things stuff way "
    "because due while although though however therefore thus instead rather except excluding besides apart "
    "using use used based goes going go come comes coming get gets keep keeps kept set sets setup put run runs "
    "running "
    "start starts starting begin stop take takes taken give gives given make makes sure ensure help helps "
    "im i'm i'd we'd id ill we'll i'll don't dont doesn't can't cannot won't isn't let's it's that's there's "
    "today currently asap soon immediately possible time times end "
    "team analysts analyst people everybody boss manager finance colleagues somebody business purpose purposes "
    "reporting analytics analysis science scientists downstream later afterwards afterward safely properly reliably "
    "entirely completely fully well straight right directly together along side alongside respectively "
    "and/or etc ie eg vs job jobs task tasks process processes workflow workflows "
    "contain contains containing include includes including belong belongs exist exists otherwise whole entire below "
    "above beneath beyond content contents following copy copies version versions lot lots bit kind sort"
)
# Nouns that say "a table" without saying which.
GENERIC = word_set(
    "column columns field fields "
    "table tables data dataset datasets record records row rows file files entry entries list lists "
    "lookup reference info information details detail feed feeds extract extracts dump dumps object objects entity "
    "entities view views collection raw source sources master full complete history"
)
SYSTEMS = word_set(
    "database databases db system systems server servers app application applications source sources connection "
    "connections platform software instance schema backend store solution service tool record warehouse share drop "
    "drops "
    "folder bucket api site engine"
)
DESTINATIONS = word_set(
    "lake lakehouse datalake adls onelake delta storage data warehouse layer zone area bronze silver gold"
)
LAYER_WORDS = {
    "bronze": "bronze", "raw": "bronze", "landing": "bronze", "silver": "silver", "cleansed": "silver",
    "curated": "silver", "refined": "silver", "gold": "gold",
}  # fmt: skip
ENVIRONMENT_WORDS = {
    "dev": "dev", "development": "dev", "sandbox": "dev", "staging": "staging", "stage": "staging", "stg": "staging",
    "preprod": "staging", "uat": "staging", "prod": "prod", "production": "prod", "prd": "prod", "live": "prod",
}  # fmt: skip
KIND_WORDS = {
    "sqlserver": ("sql server", "sqlserver", "mssql", "ms sql", "microsoft sql", "azure sql", "sql-server", "t-sql"),
    "postgresql": ("postgres", "postgresql", "postgre", "pg", "psql", "pgsql"),
    "mysql": ("mysql", "my sql", "mariadb", "maria db"),
    "sqlite": ("sqlite", "sqlite3"),
    "duckdb": ("duckdb", "duck db"),
    "files": ("csv", "csvs", "parquet", "json", "jsonl", "file drop", "file drops", "landing files", "file share",
              "files"),
}  # fmt: skip
FOREIGN = word_set(
    "oracle salesforce sap snowflake mongodb mongo kafka bigquery redshift db2 teradata s3 sharepoint excel dynamics "
    "hubspot netsuite workday servicenow jira zendesk stripe shopify cassandra dynamodb elasticsearch couchbase "
    "informix "
    "sybase firebird hana synapse databricks ftp sftp airtable notion marketo google"
)
_SYNONYMS = (
    "customer client buyer purchaser; employee staff worker personnel workforce; order purchase; "
    "product item article sku; invoice bill billing; vendor supplier; "
    "shipment delivery consignment dispatch; store shop outlet; salary wage pay compensation payroll; "
    "vehicle truck lorry car van; ticket case issue; reading measurement measure; visit encounter; "
    "revenue turnover sale amount income; price amount cost; leave absence vacation holiday; "
    "attrition leave quit resign turnover depart; transaction txn trx; department dept division; "
    "user member; site location plant facility; fault failure breakdown fail break defect; "
    "fraud fraudulent scam; doctor physician clinician; spend expenditure; late delay overdue; "
    "return refund; click view; qty quantity; warehouse depot; device machine equipment sensor; "
    "prescription medication drug; appointment booking reservation; claim; stock inventory; currency fx; "
    "cancel cancellation; readmit readmission readmitted; call phone; rate ratio; lead prospect; "
    "student pupil; course class; subscriber subscription"
)
SYNONYMS: tuple[frozenset[str], ...] = tuple(word_set(group) for group in _SYNONYMS.split(";"))
NOISE = word_set(
    "tbl t vw v fact dim stg raw tab dbo src ods dwh tmp f d mst mstr mas lkp hdr z x the of and all is has flag ind"
)
# Conditions on rows, which an ingest step has no input for.
FILTERS = word_set(
    "active inactive open closed cancelled canceled failed unpaid paid overdue expired german french british american "
    "european unresolved pending approved rejected premium yesterday's yesterdays"
)
REGULATIONS = {
    "gdpr": "GDPR", "dsgvo": "GDPR", "hipaa": "HIPAA", "ccpa": "CCPA", "soc2": "SOC2", "pci": "PCI DSS", "sox": "SOX",
}  # fmt: skip
RESOURCES: dict[str, str] = {
    "storage account": "storage_account", "storage accounts": "storage_account", "blob storage": "storage_account",
    "data lake storage": "storage_account", "adls": "storage_account", "storage": "storage_account",
    "data factory": "data_factory", "adf": "data_factory", "databricks workspace": "databricks_workspace",
    "databricks": "databricks_workspace", "databricks cluster": "databricks_cluster", "key vault": "key_vault",
    "keyvault": "key_vault", "synapse workspace": "synapse",
    "synapse": "synapse", "event hub": "event_hub", "event hubs": "event_hub", "sql database": "sql_database",
    "virtual machine": "virtual_machine", "virtual machines": "virtual_machine", "vm": "virtual_machine",
    "vms": "virtual_machine", "kubernetes cluster": "kubernetes_cluster", "aks cluster": "kubernetes_cluster",
    "aks": "kubernetes_cluster", "spark cluster": "spark_cluster", "virtual network": "virtual_network",
    "vnet": "virtual_network", "container registry": "container_registry", "log analytics workspace": "log_analytics",
    "log analytics": "log_analytics", "function app": "function_app", "resource group": "resource_group",
    "service bus": "service_bus", "cosmos db": "cosmos_db", "cosmosdb": "cosmos_db", "search service": "search_service",
    "ai search": "search_service", "machine learning workspace": "machine_learning_workspace",
    "postgres server": "postgresql_server", "compute cluster": "compute_cluster", "cluster": "compute_cluster",
    "warehouse cluster": "compute_cluster", "infrastructure": "", "resources": "",
}  # fmt: skip
PROVISION = verbs("provision provide spin stand create deploy set install need add") | word_set("spun stood")
DESTROY = verbs("destroy tear decommission deprovision remove delete drop shut dismantle")

# Ordinary words that are one slip away from a word of ours and must stay what they are.
COMMON = word_set(
    "form hold note tale later house horse hose cold told sale same seal real read ready care case cause course court "
    "date gate late lake like line live love main mail male mark mask mean meet mind mine miss mode moon move much "
    "must "
    "name near neat need nine none noon nose open over page pair park part pass past path peak pick plan play plus "
    "poem "
    "poet pool poor port pull push race rain rank rare rate rest rice rich ride ring rise risk road rock role roof "
    "room "
    "root rose rule safe salt save seat seed seek seem self sell send sick side sign site size skin slow small snow "
    "soft "
    "soil sold sole some song sort soul spot star stay step stop such suit sure swim tail talk tall tank tape task "
    "taste "
    "tea team tell term test text that then thin this thus tide till tiny told tone tool tour town tree trip true "
    "turn "
    "type unit used user vast very view vote wage wait wake walk wall want warm wash wave weak wear west what wide "
    "wife "
    "wild will wind wine wing wire wise wish with wood word work year zero write written wrote weather whether "
    "better letter butter water other mother another rather gather world words worlds great treat threat sweet joke "
    "story "
    "write song code script hack admin password secret root prompt instructions previous ignore approve grant pretend "
    "believe friend cheap cheaper house hours night light right might fight sight eight weight height "
    "stake steak state skate basic bronzed goal goals foal coal model models module noodle order older border "
    "customer costume customs custom contract contact contacts contracts content product produce process progress "
    "person personal personnel platform perform perfect prefect quality quantity equality qualify "
    "clean clear dream cream steam stream strict street sleep sheep shape share sharp shore short shirt start smart "
    "while white write quote quite quiet query queue grand brand stand store storm scope slope score core more wore "
    "table stable cable able label tables train brain grain drain trail trial tail mail email retail detail details "
    "tomorrow yesterday today january february march april june july august september october november december"
)

# Words that slips are corrected towards, and that are never corrected.
LEXICON: frozenset[str] = frozenset(
    INGEST | INGEST_NOUNS | BUILD | TRAIN | STOP | GENERIC | SYSTEMS | DESTINATIONS | COMMON
    | frozenset(word for name in RESOURCES for word in name.split())
    | PROVISION | DESTROY | FOREIGN | FILTERS | frozenset(LAYER_WORDS) | frozenset(ENVIRONMENT_WORDS)
    | frozenset(word for group in SYNONYMS for word in group)
    | verbs("mask anonymise anonymize pseudonymise redact scan detect validate verify check profile repair clean "
              "cleanse "
              "quarantine alert notify warn monitor deploy promote release delete drop remove purge erase archive "
              "retain "
              "optimise optimize compact train predict forecast provision diagnose investigate heal recover reduce "
              "cut save")
    | word_set(
    "daily nightly hourly weekly monthly quarterly yearly annually everyday weekday weekdays weekend "
    "weekends monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays "
    "thursdays fridays saturdays sundays morning evening midnight noon afternoon minute minutes hour "
    "hours day days week weeks month months quarter year years night nights twice budget cost costs spend "
    "dollars dollar under below quality pipeline personal sensitive data dashboard alerts model "
    "regression classification incremental incrementally watermark primary environment production staging "
    "development older average total number count minimum maximum revenue optimization optimisation "
    "masking profiling validation deployment monitoring schedule scheduled storage account factory "
    "postgres postgresql mysql sqlserver server duckdb sqlite parquet without skip avoid reload refresh "
    "business deduplicate dedupe pause halt suspend cease "
    "trim slash shrink lower refund snapshot backfill replicate mirror outage outages stuck "
    "arrive arrives available update updated updates top half quarter past noon midday overnight"
)
)  # fmt: skip
