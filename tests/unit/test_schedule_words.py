"""Plain words to cron lines, as a person reading the plan would expect them."""

from __future__ import annotations

import pytest

from agents.roles.supervisor.schedule import find_schedules

SAID = {
    "daily": "0 2 * * *",
    "every night": "0 2 * * *",
    "hourly": "0 * * * *",
    "weekly": "0 2 * * 1",
    "monthly": "0 2 1 * *",
    "quarterly": "0 2 1 */3 *",
    "every morning": "0 6 * * *",
    "every day at noon": "0 12 * * *",
    "every evening": "0 18 * * *",
    "at midnight every day": "0 0 * * *",
    "each weekday at 07:30": "30 7 * * 1-5",
    "at 7:30 pm on weekdays": "30 19 * * 1-5",
    "every 15 minutes": "*/15 * * * *",
    "every quarter hour": "*/15 * * * *",
    "every 6 hours": "0 */6 * * *",
    "twice a day": "0 */12 * * *",
    "twice daily at 6 and 18": "0 6,18 * * *",
    "at 6am and 6pm": "0 6,18 * * *",
    "every night at 11": "0 23 * * *",
    "every night at 2am": "0 2 * * *",
    "half past 7 in the morning daily": "30 7 * * *",
    "once a week on monday": "0 2 * * 1",
    "on mondays and thursdays at 9": "0 9 * * 1,4",
    "monday to friday at 5": "0 5 * * 1-5",
    "weekends at 10": "0 10 * * 0,6",
    "on the first day of every month": "0 2 1 * *",
    "1st and 15th of each month at 4am": "0 4 1,15 * *",
    "every 3 months": "0 2 1 */3 *",
    "hourly between 8 and 18 on weekdays": "0 8-18 * * 1-5",
    "hourly at quarter past the hour": "15 * * * *",
    "every day at 14:00 utc": "0 14 * * *",
    "cron:0 3 * * 1-5": "0 3 * * 1-5",
}
UNSAYABLE = (
    "every 2 weeks",
    "every 90 minutes",
    "first monday of the month",
    "last day of the month",
    "daily at 9am berlin time",
    "daily at 9am cet",
    "twice a week",
    "in real time",
    "tomorrow",
    "cron:61 3 * * *",
)


@pytest.mark.parametrize("said", SAID)
def test_words_become_one_cron_line(said: str) -> None:
    assert [(s.cron, s.problem) for s in find_schedules(said, [])] == [(SAID[said], None)]


@pytest.mark.parametrize("said", UNSAYABLE)
def test_what_cron_cannot_say_is_asked_about(said: str) -> None:
    found = find_schedules(said, [])
    assert found
    assert all(schedule.problem for schedule in found)


def test_two_schedules_stay_two() -> None:
    found = find_schedules("orders hourly and customers daily at 5", [])
    assert [schedule.cron for schedule in found] == ["0 * * * *", "0 5 * * *"]


def test_words_about_time_that_are_no_schedule_give_none() -> None:
    assert find_schedules("validate the table and fix what is wrong", []) == []
