"""The stories of the main job on the website's database, adopted, with the bot as the runner.

They are the same as on a database of the bot's own, and told by the same tests.
"""

from tests.behaviour.test_challenges import (
    test_a_day_that_the_website_marked,
    test_leaving_and_joining_again,
    test_reflecting_by_the_button_until_midnight,
    test_rows_as_the_website_may_leave_them,
    test_several_active_challenges_from_the_website,
    test_switching_keeps_the_days_of_both,
)
from tests.behaviour.test_quests import (
    test_the_last_day_of_a_quest,
    test_the_task_of_a_day_is_written_once,
    test_three_quests_at_once_and_no_more,
)
from tests.behaviour.test_story import (
    test_a_member_goes_through_a_day,
    test_a_quest_gives_a_mystery_a_day,
)

__all__ = [
    "test_a_day_that_the_website_marked",
    "test_a_member_goes_through_a_day",
    "test_a_quest_gives_a_mystery_a_day",
    "test_leaving_and_joining_again",
    "test_reflecting_by_the_button_until_midnight",
    "test_rows_as_the_website_may_leave_them",
    "test_several_active_challenges_from_the_website",
    "test_switching_keeps_the_days_of_both",
    "test_the_last_day_of_a_quest",
    "test_the_task_of_a_day_is_written_once",
    "test_three_quests_at_once_and_no_more",
]
