"""What members type: in three languages, with slips, and with the intent to do harm."""

from __future__ import annotations

CANARY = "xylotheque"
"""Stands in what members write, and so must never stand in the log."""

TERMS = {
    "genocide": "Genocide",
    "torture": "Torture",
    "impunity": "Impunity",
    "hate speech": "Hate speech",
    "early warning": "Early warning",
}
"""Terms with the words that their answers hold in English."""

ENGLISH = (
    *(f"!term {term}" for term in TERMS),
    "!terms",
    "!terms justice",
    "!focal kenya",
    "!focal list africa",
    "!focal gaps europe",
    "!focal stats",
    "!mechanism uganda",
    "!country ghana",
    "!events",
    "!events training",
    "!events archive",
    "!event 14",
    "!practices radio",
    "!challenges",
    "!reports",
    "!help",
    "!help term",
    "!status",
    "!privacy",
    "!language",
    "!timezone",
)
FRENCH = (
    "!terme génocide",
    "!terme responsabilité de protéger",
    "!termes justice",
    "!point focal Kenya",
    "!focal liste Afrique",
    "!pays Kenya",
    "!événements mars",
    "!événement 14",
    "!pratiques alerte rapide",
    "!aide terme",
    "!état",
    "!signalements",
)
SPANISH = (
    "!término genocidio",
    "!términos justicia",
    "!punto focal Kenia",
    "!focal lista África",
    "!país Kenia",
    "!eventos Ruanda",
    "!evento 14",
    "!prácticas alerta temprana",
    "!ayuda término",
    "!estado",
    "!denuncias",
)
SLIPS = (
    "!trem genocide",
    "!term genozide",
    "!evnts",
    "!focal kenia",
    "!focal knya",
    "!hepl",
    "!TERM   Génocide",
    "!event fourteen",
    "!event 999999",
    "!practice 99999999999999999999",
    "!timezone atlantis",
    "!language klingon",
)
HOSTILE = (
    f"!term <script>alert('{CANARY}')</script> @room",
    f"!term {CANARY}'; DROP TABLE inbox; --",
    f'!focal {CANARY} "unclosed',
    f"!practices {CANARY} \u202e\u200b\u2066[x](javascript:alert(1)) **`",
    f"!events {CANARY} \x00\x07\x1b[31m",
    f"!term {CANARY} " + "a̷" * 1500,
    f"!term {CANARY} " + "[" * 500 + "(" * 500,
    f"!help {CANARY} {{0.__class__}} %s%n ${{jndi}}",
    f"!event {CANARY} ٣",
    f"!term {CANARY} 👩‍👩‍👧‍👦 🇰🇪 <@room>",
)
TALK = (f"Good morning, {CANARY} for everybody", "I agree", "¿Quién viene?", "Did you read it? !term later", "👍")
"""What is said between members, and is nothing for the bot."""

ANYTHING = {"en": ENGLISH, "fr": FRENCH, "es": SPANISH, "slip": SLIPS, "hostile": HOSTILE}
WEIGHTS = {"en": 8, "fr": 4, "es": 4, "slip": 2, "hostile": 2}

COUNTRIES = (
    "Albania", "Bolivia", "Chad", "Fiji", "Gabon", "Haiti", "Iceland", "Jamaica", "Laos", "Malawi", "Nepal",
    "Oman", "Palau", "Qatar", "Samoa", "Togo", "Vanuatu", "Yemen", "Zambia", "Bhutan", "Cuba", "Eritrea",
    "Guyana", "Kiribati", "Lesotho", "Monaco", "Nauru", "Tonga", "Tuvalu", "Brunei", "Belize", "Barbados",
    "Benin", "Burundi", "Comoros", "Djibouti", "Dominica", "Grenada", "Kuwait", "Maldives",
)  # fmt: skip

FORM = """!practice form
I have read what the bot says about privacy: yes
Title: {title}
Country: Kenya
Level: national
Led by: civil society
Summary: {summary}
Result: Fewer rumours were passed on.
I have the right to share this: yes
Nobody can be recognised who did not agree: yes
To be published: with the country only
To be seen by: everybody"""
SUBJECTS = ("radio", "school", "museum", "market", "elders", "women", "youth", "port", "border", "river")


def title_of(number: int) -> str:
    """Return the title of the practice with this number in the plan."""
    first, second = SUBJECTS[number % 10], SUBJECTS[number // 10 % 10]
    return f"The {first} of {second}, {CANARY} {number}"
