"""The words of dates in English, French and Spanish, as `text` writes them: small letters, no accents.

All languages are read at the same time: people mix them, and the language of a person decides only where the same
word means two things.
"""

from __future__ import annotations

from collections.abc import Iterable

MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "january jan janvier janv enero ene",
            "february feb fevrier fevr fev febrero",
            "march mar mars marzo",
            "april apr avril avr abril abr",
            "may mai mayo",
            "june jun juin junio",
            "july jul juillet juil julio",
            "august aug aout agosto ago",
            "september sep sept septembre septiembre setiembre set",
            "october oct octobre octubre",
            "november nov novembre noviembre",
            "december dec decembre diciembre dic",
        ),
        start=1,
    )
    for word in words.split()
}

WEEKDAYS = {
    word: number
    for number, words in enumerate(
        (
            "monday lundi lunes",
            "tuesday mardi martes",
            "wednesday mercredi miercoles",
            "thursday jeudi jueves",
            "friday vendredi viernes",
            "saturday samedi sabado",
            "sunday dimanche domingo",
        )
    )
    for word in words.split()
}
"""Monday is 0."""

SHORT_WEEKDAYS = {
    word: number
    for number, words in enumerate(
        (
            "mon lun",
            "tue tues mar",
            "wed mer mie",
            "thu thur thurs jeu jue",
            "fri ven vie",
            "sat sam sab",
            "sun dim dom",
        )
    )
    for word in words.split()
}
"""Many are words of their own ("mon", "sun", "mar"), so they count only in front of a date."""

NUMBERS = {
    word: number
    for number, words in {
        1: "one a an un une una uno",
        2: "two deux dos",
        3: "three trois tres",
        4: "four quatre cuatro",
        5: "five cinq cinco",
        6: "six seis",
        7: "seven sept siete",
        8: "eight huit ocho",
        9: "nine neuf nueve",
        10: "ten dix diez",
        11: "eleven onze once",
        12: "twelve douze doce",
        15: "fifteen quinze quince",
        20: "twenty vingt veinte",
        30: "thirty trente treinta",
        45: "forty-five quarante-cinq",
    }.items()
    for word in words.split()
}

ORDINALS = {
    "first": 1, "premier": 1, "premiere": 1, "primer": 1, "primero": 1, "1st": 1, "1er": 1, "1o": 1,
    "second": 2, "deuxieme": 2, "segundo": 2, "2nd": 2, "2e": 2, "2eme": 2, "2o": 2,
    "third": 3, "troisieme": 3, "tercer": 3, "tercero": 3, "3rd": 3, "3e": 3, "3eme": 3, "3o": 3,
    "fourth": 4, "quatrieme": 4, "cuarto": 4, "4th": 4, "4e": 4, "4eme": 4, "4o": 4,
    "fifth": 5, "cinquieme": 5, "quinto": 5, "5th": 5, "5e": 5, "5eme": 5, "5o": 5,
    "last": -1, "dernier": -1, "derniere": -1, "ultimo": -1,
}  # fmt: skip
"""Of a weekday in a month."""

RELATIVE_DAYS = {
    "the day before yesterday": -2, "avant-hier": -2, "anteayer": -2,
    "yesterday": -1, "hier": -1, "ayer": -1,
    "today": 0, "aujourd'hui": 0, "aujourdhui": 0, "hoy": 0,
    "tomorrow": 1, "demain": 1, "manana": 1,
    "the day after tomorrow": 2, "day after tomorrow": 2, "apres-demain": 2, "apres demain": 2, "pasado manana": 2,
}  # fmt: skip

TODAYS_PARTS = {
    "this morning": "morning", "ce matin": "morning", "esta manana": "morning",
    "this afternoon": "afternoon", "cet apres-midi": "afternoon", "esta tarde": "afternoon",
    "tonight": "evening", "this evening": "evening", "ce soir": "evening", "esta noche": "evening",
}  # fmt: skip

PARTS = {
    "in the morning": "morning", "morning": "morning", "du matin": "morning", "le matin": "morning",
    "matin": "morning", "de la manana": "morning", "por la manana": "morning", "en la manana": "morning",
    "de la madrugada": "small hours",
    "in the afternoon": "afternoon", "afternoon": "afternoon", "de l'apres-midi": "afternoon",
    "l'apres-midi": "afternoon", "apres-midi": "afternoon", "de la tarde": "afternoon",
    "por la tarde": "afternoon", "en la tarde": "afternoon", "del mediodia": "afternoon",
    "in the evening": "evening", "evening": "evening", "du soir": "evening", "le soir": "evening",
    "soir": "evening", "at night": "evening", "de la noche": "evening", "por la noche": "evening",
    "en la noche": "evening",
}  # fmt: skip

UNITS = {
    word: unit
    for unit, words in {
        "minute": "m min mins minute minutes minuto minutos mn",
        "hour": "h hr hrs hour hours heure heures hora horas",
        "day": "d day days j jour jours journee journees dia dias",
        "week": "w wk wks week weeks sem semaine semaines semana semanas fortnight",
        "month": "month months mois mes meses",
        "year": "year years an ans annee annees ano anos",
    }.items()
    for word in words.split()
}


def one_of(words: Iterable[str]) -> str:
    """Return a pattern for any of some words, the longest first, with any spaces between their parts."""
    longest = sorted(words, key=len, reverse=True)
    return "(?:" + "|".join(word.replace(" ", r"\s+") for word in longest) + ")"


END = r"(?![a-z0-9])"
"""Behind a word."""

NUMBER = rf"(?:\d{{1,4}}|{one_of(NUMBERS)}(?![a-z]))"


def number(word: str) -> int:
    """Return the number that a word or digits stand for."""
    return int(word) if word.isdecimal() else NUMBERS[word]
