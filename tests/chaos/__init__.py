"""Faults as a habit: members, moderators and reminders at work, while everything around the bot breaks.

`python -m tests.chaos --minutes 10 --seed 7` makes a plan from the seed (`plan`), builds a community on a real
Synapse (`town`), plays the plan (`workload`) while it breaks things (`faults`, `proxy`), lets the bot catch up,
and asks whether every promise was kept (`promises`). docs/testing.md says how to read it.
"""
