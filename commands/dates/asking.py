"""What is said about a date that must be asked back, and about one to look at twice."""

from __future__ import annotations

from commands.context import mark, translate
from commands.dates.echo import echo
from commands.dates.understood import Caution, Reason, Unclear, Understood
from commands.rendering import Markdown, bullets, code, paragraphs

REASONS = {
    Reason.NOTHING: mark("I found no date in {words}."),
    Reason.MISSPELT: mark("I am not sure that I read {words} right."),
    Reason.DAY_OR_MONTH: mark("{words} can be two dates."),
    Reason.MORNING_OR_EVENING: mark("{words} can be in the morning or in the evening."),
    Reason.MIDNIGHT: mark("Midnight can be the beginning of a day or its end."),
    Reason.WHICH_WEEK: mark("{words} can be this week or the next."),
    Reason.IDIOM: mark("{words} can be so many days, or so many weeks."),
    Reason.WHICH_DAY: mark("{words} leaves the day open. Please name the day."),
    Reason.WHICH_TIME: mark("The time of day is missing. Please name the hour."),
    Reason.WEEKDAY: mark("In {words} the date and the day of the week do not belong together."),
    Reason.IMPOSSIBLE_DATE: mark("There is no such day as {words}."),
    Reason.IMPOSSIBLE_TIME: mark("There is no such time as {words}."),
    Reason.BACKWARDS: mark("The end is before the beginning."),
    Reason.TOO_LONG: mark("That is no time that something can take: {words}."),
    Reason.ZONES: mark("{words} can be several time zones."),
    Reason.ZONE_UNKNOWN: mark("I do not know the time zone {words}. Name it by a city, or as Africa/Nairobi."),
    Reason.OFFSET: mark("{words} has another distance from UTC at that time."),
    Reason.SKIPPED: mark("On that day the clocks are put forward, and there is no {words}."),
    Reason.TWICE: mark("On that day the clocks are put back, and {words} comes twice."),
    Reason.SCATTERED: mark("I do not know whether {words} belongs to the date."),
}

CAUTIONS = {
    Caution.PAST: mark("This is in the past."),
    Caution.YEAR_GUESSED: mark("No year was given; this is the next such day."),
    Caution.MONTH_GUESSED: mark("No month was given; this is the next such day."),
    Caution.DAY_GUESSED: mark("No day was given; this is the next such time."),
    Caution.FIXED_OFFSET: mark(
        "This is a fixed distance from UTC, without summer time. The name of a city is safer."
    ),
    Caution.NEXT_DAY: mark("It ends on the next day."),
}


def explain(language: str, unclear: Unclear) -> Markdown:
    """Return what is asked back, with what may be meant, ready to be copied."""
    said = translate(language, REASONS[unclear.reason], words=code(unclear.words))
    if not unclear.choices:
        return said
    asked = translate(language, "Did you mean this?")
    if len(unclear.choices) > 1:
        asked = translate(language, "Did you mean one of these?")
    return paragraphs(said + Markdown(" ") + asked, bullets(code(echo(language, one)) for one in unclear.choices))


def notes(language: str, one: Understood) -> list[Markdown]:
    """Return what a person should look at twice, as sentences."""
    return [translate(language, said) for caution, said in CAUTIONS.items() if caution in one.cautions]
