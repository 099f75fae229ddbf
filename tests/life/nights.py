"""Incidents of the night: over the change of the hour, and while the service itself was down.

The night shift is from 20:00 to 06:00 on all days. On Sunday 29 March 02:00 becomes 03:00. Nothing
of Tocsin runs from Monday 30 March 20:45 to Tuesday 06:30.
"""

from tests.life.rules import at
from tests.life.story import (
    BATCH,
    DESK,
    NETWORK,
    OPERATIONS,
    P1,
    P3,
    P5,
    REOPENED,
    RESOLVED,
    RESUMED,
    TAKEN,
    Story,
    corrected,
    held,
    on,
    reported,
    told,
)
from tocsin.domain.incident.commands.escalation import DeclareMajor, StandDown
from tocsin.domain.incident.commands.workarounds import ApplyWorkaround, ProposeWorkaround
from tocsin.domain.incident.values import Fact, HoldReason, Risk

LEDGER = Story(
    "ledger",
    # From 21:00, 5 h end at 02:00, which is 03:00; 6 h end at 04:00. Operations has it already when
    # it is to have it. The second time it is under the second policy, and there is no night between
    # Thursday and Good Friday that is not worked.
    people=(
        ("Sat 28 Mar 21:00", reported("The ledger is not written"), P3, BATCH, OPERATIONS),
        ("Sat 28 Mar 21:05", TAKEN),
        ("Sun 29 Mar 03:30", RESOLVED),
        ("Thu 02 Apr 22:00", REOPENED),
        ("Fri 03 Apr 04:30", RESOLVED),
    ),
    time="""
        Sat 28 Mar 23:00 due: Batch, step 1, to operations
        Sun 29 Mar 00:00 warned: Solution: batch, 50 %
        Sun 29 Mar 03:00 breached: Operations
        Fri 03 Apr 00:00 due: Batch, step 1, to operations (v3)
        Fri 03 Apr 01:00 warned: Solution: batch, 50 % (v3)
        Fri 03 Apr 03:00 breached: Operations (v3)
        Fri 03 Apr 04:00 breached: Solution: batch (v3)
        Mon 06 Apr 04:30 due: closing after 3 days (v3)
        Mon 06 Apr 04:30 closed
        """,
    stands="""
        Answer, 1: met
        Operations, 1: breached
        Operations, 2: breached (v3)
        Solution: batch, 1: met
        Solution: batch, 2: breached (v3)
        """,
)
PAYROLL = Story(
    "payroll",
    # Nobody takes it until 00:20: all there is happens. Mia is called at 23:00, and only once,
    # though her turn comes again and again. The wait stops the solution at 3.5 h, so 4 h are over
    # at 03:00 and 6 h (150 %) at 05:00; it stops no news. Later it turns out that somebody had it
    # at 22:15: that breach was none; but people were called, and that happened.
    people=(
        ("Fri 27 Mar 22:00", reported("No wages are paid"), P1, DESK),
        ("Sat 28 Mar 00:20", TAKEN),
        ("Sat 28 Mar 00:30", told("We are on it.")),
        ("Sat 28 Mar 01:20", told("We need the caller.")),
        ("Sat 28 Mar 01:30", held(HoldReason.AWAITING_CALLER)),
        ("Sat 28 Mar 02:30", RESUMED),
        ("Sat 28 Mar 05:30", RESOLVED),
        ("Mon 30 Mar 10:00", corrected(Fact.ACKNOWLEDGED_AT, "Fri 27 Mar 22:15")),
    ),
    time="""
        Fri 27 Mar 22:10 warned: Answer: critical, 50 %
        Fri 27 Mar 22:20 breached: Answer: critical
        Fri 27 Mar 22:30 unacknowledged: Nobody has it, step 1
        Fri 27 Mar 22:30 due: Nobody has it, step 1, to level 2
        Fri 27 Mar 22:30 escalated to level 2
        Fri 27 Mar 22:45 warned: News: critical, 75 %
        Fri 27 Mar 23:00 breached: News: critical
        Fri 27 Mar 23:00 unacknowledged: Nobody has it, step 2
        Fri 27 Mar 23:00 due: Nobody has it, step 2, to mia
        Fri 27 Mar 23:00 escalated to mia
        Fri 27 Mar 23:30 unacknowledged: Nobody has it, step 2
        Fri 27 Mar 23:30 due: Nobody has it, step 2, again 1, to mia
        Sat 28 Mar 00:00 warned: Solution: critical, 50 %
        Sat 28 Mar 00:00 due: Critical, step 1, to level 3
        Sat 28 Mar 00:00 unacknowledged: Nobody has it, step 2
        Sat 28 Mar 00:00 due: Nobody has it, step 2, again 2, to mia
        Sat 28 Mar 00:00 escalated to level 3
        Sat 28 Mar 01:00 warned: Solution: critical, 75 %
        Sat 28 Mar 01:15 warned: News: critical, 75 %
        Sat 28 Mar 02:05 warned: News: critical, 75 %
        Sat 28 Mar 02:20 breached: News: critical
        Sat 28 Mar 03:00 breached: Solution: critical
        Sat 28 Mar 03:00 due: Critical, step 2, to mia
        Sat 28 Mar 05:00 due: Critical, step 3, to noor
        Sat 28 Mar 05:00 escalated to noor
        Mon 30 Mar 10:00 withdrawn: Answer: critical of Fri 27 Mar 22:20
        Thu 02 Apr 06:30 due: closing after 5 days
        Thu 02 Apr 06:30 closed
        """,
    stands="""
        Answer: critical, 1: met
        News: critical, 1: breached
        News: critical, 2: met
        News: critical, 3: breached
        Solution: critical, 1: breached
        """,
)
PORTAL = Story(
    "portal",
    # Major from 19:10 to 20:02, with news every 30 minutes: told at 19:20, 19:40 and 20:20, which
    # is never late, though 24 minutes are 80 %. Then nobody is there to see anything until 06:30.
    # At 07:10 it is known that it was solved at 22:50: before the breach at 23:00, after that of
    # news at 21:20. Reopened under the second policy, the network has 2 h of its own, of which
    # 75 % are over at 11:00; and nobody tells any news after 10:00.
    people=(
        ("Mon 30 Mar 19:00", reported("The portal is down"), P1),
        ("Mon 30 Mar 19:05", TAKEN, NETWORK),
        ("Mon 30 Mar 19:10", DeclareMajor(incident_manager="mia", meeting_place="Room 3")),
        ("Mon 30 Mar 19:20", told("We are looking.", then="Mon 30 Mar 19:50")),
        ("Mon 30 Mar 19:40", told("It is the certificate.")),
        (
            "Mon 30 Mar 20:00",
            ProposeWorkaround(description="Go by the old address.", risk=Risk.LOW),
            ApplyWorkaround(workaround="W1", expires_at=at("Tue 31 Mar 02:00")),
        ),
        ("Mon 30 Mar 20:02", StandDown(reason="People can work.")),
        ("Mon 30 Mar 20:20", told("Use the old address.", then="Mon 30 Mar 21:30")),
        ("Tue 31 Mar 07:10", on("Mon 30 Mar 22:50", RESOLVED)),
        ("Thu 02 Apr 09:30", REOPENED),
        ("Thu 02 Apr 10:00", told("It is back, and we too.")),
        ("Thu 02 Apr 11:10", RESOLVED),
    ),
    time="""
        Mon 30 Mar 19:15 due: Major, step 1, to chief
        Mon 30 Mar 19:15 escalated to chief
        Mon 30 Mar 21:00 warned: Solution: critical, 50 % | known Tue 31 Mar 06:30
        Mon 30 Mar 21:00 due: Critical, step 1, to level 3 | known Tue 31 Mar 06:30
        Mon 30 Mar 21:00 escalated to level 3 | known Tue 31 Mar 06:30
        Mon 30 Mar 21:05 warned: News: critical, 75 % | known Tue 31 Mar 06:30
        Mon 30 Mar 21:20 breached: News: critical | known Tue 31 Mar 06:30
        Mon 30 Mar 21:30 update due | known Tue 31 Mar 06:30
        Mon 30 Mar 22:00 warned: Solution: critical, 75 % | known Tue 31 Mar 06:30
        Mon 30 Mar 23:00 breached: Solution: critical | known Tue 31 Mar 06:30
        Mon 30 Mar 23:00 due: Critical, step 2, to nina | known Tue 31 Mar 06:30
        Mon 30 Mar 23:00 escalated to nina | known Tue 31 Mar 06:30
        Tue 31 Mar 01:00 due: Critical, step 3, to noor | known Tue 31 Mar 06:30
        Tue 31 Mar 01:00 escalated to noor | known Tue 31 Mar 06:30
        Tue 31 Mar 02:00 workaround W1 expired | known Tue 31 Mar 06:30
        Tue 31 Mar 07:10 withdrawn: Solution: critical of Mon 30 Mar 23:00
        Thu 02 Apr 10:45 warned: News: critical, 75 % (v3)
        Thu 02 Apr 11:00 warned: Network, 75 % (v3)
        Thu 02 Apr 11:00 breached: News: critical (v3)
        Sun 05 Apr 11:10 due: closing after 3 days (v3)
        Sun 05 Apr 11:10 closed
        """,
    stands="""
        Answer: critical, 1: met
        Network, 1: met
        Network, 2: met (v3)
        News: critical, 1: cancelled
        News: critical, 3: met
        News: critical, 4: breached
        News: critical, 5: met (v3)
        News: critical, 6: breached (v3)
        News: major, 1: met
        News: major, 2: met
        News: major, 3: cancelled
        Solution: critical, 1: met
        Solution: critical, 2: met (v3)
        """,
)
DUNNING = Story(
    "dunning",
    # At 22:30, when nobody is there, operations is to have it, and so has it from then on: its 5 h
    # are over at 03:30, which is known only after that. Then somebody corrects when it was
    # reported, and its 6 h were over at 02:36 and not at 02:30.
    people=(
        ("Mon 30 Mar 20:30", reported("No reminders are sent"), P3, BATCH, DESK),
        ("Mon 30 Mar 20:40", TAKEN),
        ("Tue 31 Mar 08:00", corrected(Fact.REPORTED_AT, "Mon 30 Mar 20:36")),
        ("Tue 31 Mar 09:00", RESOLVED),
    ),
    time="""
        Mon 30 Mar 22:30 due: Batch, step 1, to operations | known Tue 31 Mar 06:30
        Mon 30 Mar 22:30 escalated to operations | known Tue 31 Mar 06:30
        Mon 30 Mar 23:30 warned: Solution: batch, 50 % | known Tue 31 Mar 06:30
        Tue 31 Mar 02:30 breached: Solution: batch | known Tue 31 Mar 06:30
        Tue 31 Mar 02:36 breached: Solution: batch | known Tue 31 Mar 08:00
        Tue 31 Mar 03:30 breached: Operations | known Tue 31 Mar 06:30
        Tue 31 Mar 08:00 withdrawn: Solution: batch of Tue 31 Mar 02:30
        Sun 05 Apr 09:00 due: closing after 5 days
        Sun 05 Apr 09:00 closed
        """,
    stands="""
        Answer, 1: met
        Operations, 1: breached
        Solution: batch, 1: breached
        """,
)
DOOR = Story(
    "door",
    # Its five days of silence end while nobody is there.
    people=(
        ("Wed 25 Mar 20:00", reported("The door squeaks"), P5, DESK),
        ("Wed 25 Mar 20:10", TAKEN),
        ("Thu 26 Mar 01:00", RESOLVED),
    ),
    time="""
        Tue 31 Mar 02:00 due: closing after 5 days | known Tue 31 Mar 06:30
        Tue 31 Mar 02:00 closed | known Tue 31 Mar 06:30
        """,
    stands="""
        Answer, 1: met
        Solution: low, 1: met
        """,
)
STORIES = (LEDGER, PAYROLL, PORTAL, DUNNING, DOOR)
