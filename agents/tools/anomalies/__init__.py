"""Anomalies in time: judges each point of a series from its past alone, whatever the series measures."""

from agents.tools.anomalies.series import find_anomalies
from agents.tools.anomalies.watch import Anomaly, Watch

__all__ = ["Anomaly", "Watch", "find_anomalies"]
