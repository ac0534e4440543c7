"""The store's tables. Imported late: SQLAlchemy is slow to load."""

from __future__ import annotations

import sqlalchemy as sa

# Advisory locks share one number space in a PostgreSQL database: "adps", "adpg", "adpl", "adpr".
SCHEMA_LOCK, GOAL_LOCK, LEDGER_LOCK, REQUEST_LOCK = 0x61647073, 0x61647067, 0x6164706C, 0x61647072

metadata = sa.MetaData()
version = sa.Table(
    "adp_version", metadata, sa.Column("one", sa.Integer, primary_key=True), sa.Column("version", sa.Integer)
)
counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)
goals = sa.Table(
    "goals",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("environment", sa.String(40), nullable=False),
    sa.Column("requester", sa.Text, nullable=False),
    sa.Column("budget", sa.Double),
    sa.Column("deadline", sa.Text),
    sa.Column("mode", sa.String(10), nullable=False),
    sa.Column("parent", sa.String(40), index=True),
    sa.Column("source_run_id", sa.String(200), unique=True),
    sa.Column("status", sa.String(40), nullable=False, index=True),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("plan", sa.Text),
    sa.Column("plan_digest", sa.String(80), nullable=False, default=""),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("updated", sa.Double, nullable=False),
)
phases = sa.Table(
    "phases",
    metadata,
    sa.Column("goal_id", sa.String(40), primary_key=True),
    sa.Column("phase", sa.Integer, primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    sa.Column("environment", sa.String(40), nullable=False),
    sa.Column("status", sa.String(40), nullable=False),
    sa.Column("run_key", sa.String(200), nullable=False, unique=True),
    sa.Column("run_id", sa.String(200), nullable=False, default=""),
    sa.Column("reason", sa.Text, nullable=False, default=""),
)
step_outputs = sa.Table(
    "step_outputs",
    metadata,
    sa.Column("goal_id", sa.String(40), primary_key=True),
    sa.Column("phase", sa.Integer, primary_key=True),
    sa.Column("step_id", sa.String(100), primary_key=True),
    sa.Column("agent", sa.String(100), nullable=False),
    sa.Column("action", sa.String(100), nullable=False),
    sa.Column("status", sa.String(40), nullable=False),
    sa.Column("outputs", sa.Text, nullable=False),
    sa.Column("seconds", sa.Double, nullable=False),
)
ledger = sa.Table(
    "ledger",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(40), nullable=False),
    sa.Column("kind", sa.String(100), nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, index=True),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("trace", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("hash", sa.String(80), nullable=False),
)

# Approvals

requests = sa.Table(
    "requests",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("state", sa.String(20), nullable=False, index=True),
    sa.Column("digest", sa.String(80), nullable=False, index=True),
    sa.Column("environment", sa.String(40), nullable=False),
    sa.Column("effects", sa.Text, nullable=False),
    sa.Column("requester", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("risk", sa.Text, nullable=False),
    sa.Column("rules", sa.Text, nullable=False),
    sa.Column("quorum", sa.Integer, nullable=False),
    sa.Column("groups", sa.Text, nullable=False),
    sa.Column("goal", sa.String(40), nullable=False, default=""),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("card", sa.Text, nullable=False, default=""),
    sa.Column("escalations", sa.Integer, nullable=False, default=0),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("expires", sa.Double, nullable=False),
    sa.Column("updated", sa.Double, nullable=False),
)
# What the coordinator found of each run it saw; `request_id` is empty where none was needed. `verdict` is `ask` as long
# as the run is held, then `launched`, `refused` or `cancelled`.
run_records = sa.Table(
    "run_records",
    metadata,
    sa.Column("run_id", sa.String(200), primary_key=True),
    sa.Column("job", sa.Text, nullable=False),
    sa.Column("digest", sa.String(80), nullable=False),
    sa.Column("requester", sa.Text, nullable=False),
    sa.Column("verdict", sa.String(10), nullable=False),
    sa.Column("request_id", sa.String(40), nullable=False, default="", index=True),
    sa.Column("partition", sa.Text, nullable=False, default=""),
    sa.Column("goal", sa.String(40), nullable=False, default=""),
    sa.Column("at", sa.Double, nullable=False),
)
decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("request_id", sa.String(40), primary_key=True),
    sa.Column("who", sa.String(200), primary_key=True),
    sa.Column("choice", sa.String(20), nullable=False),
    sa.Column("groups", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("run_id", sa.String(200), nullable=False, default=""),
    sa.Column("at", sa.Double, nullable=False),
)
# `payload` is the canonical JSON that `signature` covers: the columns beside it are for looking up only.
votes = sa.Table(
    "votes",
    metadata,
    sa.Column("request_id", sa.String(40), primary_key=True),
    sa.Column("who", sa.String(200), primary_key=True),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
)
grants = sa.Table(
    "grants",
    metadata,
    sa.Column("request_id", sa.String(40), primary_key=True),
    sa.Column("digest", sa.String(80), nullable=False, index=True),
    sa.Column("used_by", sa.String(200), nullable=False, default=""),
    sa.Column("expires", sa.Double, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
)
grant_assets = sa.Table(
    "grant_assets",
    metadata,
    sa.Column("request_id", sa.String(40), primary_key=True),
    sa.Column("asset", sa.String(400), primary_key=True),
    sa.Column("spec_digest", sa.String(80), nullable=False),
    sa.Index("ix_grant_assets_asset", "asset", "spec_digest"),
)
leases = sa.Table(
    "leases",
    metadata,
    sa.Column("run_id", sa.String(200), primary_key=True),
    sa.Column("expires", sa.Double, nullable=False),
    sa.Column("ended", sa.Boolean, nullable=False, default=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
)

# People

people = sa.Table(
    "people",
    metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("roles", sa.Text, nullable=False),
    sa.Column("groups", sa.Text, nullable=False),
    sa.Column("aliases", sa.Text, nullable=False),
    sa.Column("secret", sa.Text, nullable=False, default=""),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("revoked", sa.Double),
)
codes_used = sa.Table(
    "codes_used",
    metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("step", sa.BigInteger, primary_key=True, autoincrement=False),
)
code_attempts = sa.Table(
    "code_attempts",
    metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("since", sa.Double, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
)

# Quality

# What each refresh of a table measured; `judged` rows have been compared with those before them, with `verdict`.
measurements = sa.Table(
    "measurements",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("asset", sa.String(400), nullable=False),
    sa.Column("run_id", sa.String(200), nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("judged", sa.Boolean, nullable=False, default=False, index=True),
    sa.Column("verdict", sa.Text, nullable=False, default=""),
    sa.Index("ix_measurements_asset", "asset", "id"),
)

# Erased people

# Whom landing keeps out, in which columns: hashes alone. `key` tells which key made them.
erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("environment", sa.String(40), primary_key=True),
    sa.Column("subject", sa.String(60), primary_key=True),
    sa.Column("column", sa.String(400), primary_key=True),
    sa.Column("hash", sa.String(40), primary_key=True),
    sa.Column("key", sa.String(20), nullable=False),
    sa.Column("request", sa.Text, nullable=False, default=""),
    sa.Column("at", sa.Double, nullable=False),
)
