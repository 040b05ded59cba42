"""The safety check: which texts are met with resources or a kind refusal, whatever KAI would say.

It runs on our own patterns, with no network, before any voice. It prefers a needless card of
resources over a missed cry for help, and still lets everyday figures of speech pass.
"""

import re
import unicodedata
from enum import Enum


class Concern(Enum):
    """What a text calls for."""

    CRISIS = "crisis"
    MEDICAL = "medical"
    LEGAL = "legal"


_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")

_SELF = r"(?:myself|my ?self|me|my life)"
_PARTNER = (
    r"(?:he|she|they|my (?:\w+ )?(?:dad|father|stepdad|stepfather|mum|mom|mother|stepmum|stepmom|"
    r"brother|sister|uncle|aunt|boyfriend|girlfriend|husband|wife|partner|ex|boss|coach|teacher|"
    r"cousin|grandfather|grandad|parents?|roommate|flatmate|carer))"
)
_HURT = (
    r"(?:hit|hits|hitting|beat|beats|beating|punch|punches|punched|slap|slaps|slapped|kick|kicks|"
    r"kicked|chok(?:e|es|ed|ing)|strangl(?:e|es|ed|ing)|rap(?:e|es|ed|ing)|molest(?:s|ed|ing)?|"
    r"abus(?:e|es|ed|ing)|hurt|hurts|hurting|threaten(?:s|ed|ing)?|assault(?:s|ed|ing)?)"
)

_CRISIS = [
    # Ending one's life.
    rf"\b(?:kill|killing|hang|hanging|shoot|shooting|drown|drowning|off|offing|end|ending) {_SELF}"
    r"\b(?! (?:off|over|up an?|a (?:message|text|line|dm|mail|e-?mail))\b)"
    r"(?<!kill me)(?<!killing me)(?<!end me)(?<!shoot me)(?<!shooting me)(?<!off me)"
    r"(?<!hang me)(?<!ending me)",
    r"\b(?:end|ending|take|taking|took) my (?:own )?life\b",
    r"\bend(?:ing)? it all\b|\bend it tonight\b",
    r"\bsuicid(?:e|al)\b|\bkms\b|\bunalive\b",
    r"\b(?:want|wanna|wish|ready|going|like|rather|hope|better) (?:to |i (?:could|can|would) )?"
    r"(?:just )?(?:die|be dead|not (?:exist|wake up|be here|be alive))\b",
    r"\bwish (?:that )?(?:i|i'd) (?:was|were|am|had been|never been|had never been|could be)"
    r" (?:dead|never born|born|gone)\b",
    r"\b(?:don'?t|do not|didn'?t|doesn'?t) (?:want|wanna|feel like) (?:to )?"
    r"(?:live|liv(?:e|ing)|be alive|be here|exist|wake up|go on|carry on)(?: any ?more| any longer|"
    r"\b(?! (?:in|at|near|with|on|here|next|so|like)\b))",
    r"\b(?:no|any) (?:reason|point) (?:in |to |for )?(?:living|live|life|going on|being alive|"
    r"keep going|carry on|carrying on)\b",
    r"\bbetter off (?:without me|if i (?:was|were) (?:gone|dead)|dead)\b",
    r"\b(?:nobody|no one|no-one) would (?:even )?(?:miss me|notice|care) if i (?:was|were|am|"
    r"disappeared|died|vanished)\b",
    r"\b(?:can'?t|cannot|can not) (?:go on|keep going|do this any ?more|take (?:it|this) any ?more|"
    r"live like this|carry on)(?! (?:holiday|vacation|the trip|a diet))\b",
    r"\b(?:planning|plan|decided|thinking|thoughts?) (?:to |of |about |on )(?:die|dying|"
    r"killing myself|hurting myself|harming myself|jumping)\b",
    r"\b(?:goodbye|good bye|farewell) (?:note|letter|everyone|world|forever)\b",
    r"\b(?:overdos(?:e|ed|ing)|od'?ing)\b|\b(?:took|taken|swallow(?:ed)?|take) (?:all|too many|"
    r"a (?:whole )?(?:bottle|lot) of) (?:of )?(?:my |the |these )?(?:pills|tablets|meds|medication)",
    r"\bjump(?:ing)? (?:off|from|in front of) (?:a |the |my )?(?:bridge|roof|building|balcony|"
    r"train|cliff|window)\b(?! into)",
    # Hurting oneself.
    r"\b(?:cut|cutting|cuts|hurt|hurting|harm|harming|burn|burning|punish|starv(?:e|ing)) "
    r"(?:myself|my ?self|my (?:arms?|wrists?|legs?|thighs?))\b"
    r"(?! (?:some|a slice|a piece|cooking|while|shaving|on (?:a|the|paper)|out of|by accident|"
    r"accidentally|slack|off (?:from|a)))",
    r"\bself[- ]?harm(?:ed|ing|s)?\b",
    r"\brelaps(?:e|ed|ing) (?:and|into|with) (?:cut|self|harm)",
    # Being hurt, or in danger now.
    rf"\b{_PARTNER}(?:'s| is| was| has| keeps?| started| just| always| often| sometimes| still|"
    rf" again| will| would| has been| been)* {_HURT} (?:me|us|my (?:mum|mom|mother|sister|brother|"
    r"kids?|children|son|daughter))\b(?! (?:up\b|to (?:it|the)|at (?:chess|cards|a|tennis|the)|"
    r"with (?:a )?(?:joke|idea|question|pillow|love|kindness|the truth)|in the (?:game|final|race)|"
    r"by (?:a|one|two)))",
    r"\b(?:i am|i'm|im|we are|we're|being|get(?:ting)?|got|was|been) (?:being )?"
    r"(?:abused|raped|molested|sexually|assaulted|beaten up|trafficked|stalked|blackmailed|groomed)",
    r"\b(?:domestic|sexual|child) (?:abuse|violence|assault)\b(?! (?:charity|shelter|hotline|"
    r"awareness|helpline|fundraiser|support))",
    r"\btouch(?:es|ed|ing)? me (?:in|where|when|inappropriately|sexually|without|down|at night)",
    r"\b(?:not|don'?t feel|never feel|isn'?t) safe (?:at home|here|with (?:him|her|them|my)|"
    r"in my (?:own )?(?:home|house))\b",
    r"\b(?:afraid|scared|terrified) (?:of|to go home to|that) (?:him|her|my (?:partner|husband|wife|"
    r"boyfriend|girlfriend|dad|father|stepdad|mum|mom|mother|ex|home)|he|she)\b"
    r"(?=.*\b(?:hurt|hit|kill|find|home|again|angry|drunk|me)\b)",
    rf"\b(?:threaten(?:s|ed|ing)?|going|trying|wants?|said (?:he|she|they)(?:'d|'ll| would| will))"
    rf" to (?:kill|shoot|stab|hurt) (?:me|us)\b|\b{_PARTNER}(?:'s|'ll| will| wants to| is going to|"
    r" is gonna| said (?:he|she|they)(?:'d|'ll| would| will)) (?:kill|shoot|stab) (?:me|us)\b"
    r"(?! (?:if i (?:forget|eat|tell (?:her|him) the ending|am late|miss|don'?t (?:call|finish))))",
    # Danger to others.
    r"\b(?:want|wanna|going|gonna|plan(?:ning)?|ready) (?:to )?(?:kill|shoot|stab|hurt|murder) "
    r"(?:him|her|them|someone|somebody|people|everyone|my \w+)\b(?! (?:with kindness|feelings))",
]

_MEDICAL = [
    r"\b(?:diagnos(?:e|is)|prescri(?:be|ption)|dosage|dose of|antidepressants?|ssri|xanax|"
    r"side effects?)\b",
    r"\b(?:do|could|might) i have (?:adhd|autism|depression|anxiety|bipolar|ocd|ptsd|cancer|"
    r"diabetes|covid|an? (?:infection|disorder))\b",
    r"\b(?:should|can|could) i (?:stop|start|take|double|mix|skip) (?:taking )?(?:my |the |some )?"
    r"(?:meds|medication|medicine|pills|tablets|insulin|antibiotics|ibuprofen|painkillers?)\b",
    r"\bwhat (?:medicine|medication|pills?) (?:should|can|do)\b|\b(?:is|are) (?:this|these|my) "
    r"(?:rash|lump|mole|symptoms?|chest pains?)\b|\bchest pains?\b",
]

_LEGAL = [
    r"\b(?:can|should|could) (?:i|we) (?:sue|press charges|get a restraining order|evict|be evicted)"
    r"|\b(?:legal advice|is it (?:legal|illegal)|break (?:my|the) (?:lease|contract)|custody (?:of|"
    r"battle|case|hearing)|am i liable)\b",
]


def _any(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_CHECKS = (
    (Concern.CRISIS, _any(_CRISIS)),
    (Concern.MEDICAL, _any(_MEDICAL)),
    (Concern.LEGAL, _any(_LEGAL)),
)


def _plain(text: str) -> str:
    """The text without case, accents on apostrophes, invisible characters or odd spacing."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold()
    plain = plain.replace("\u2019", "'").replace("\u2018", "'").replace("`", "'")
    return " ".join(re.sub(r"[*_~|>\"]", " ", plain).split())


def concern_of(text: str) -> Concern | None:
    """What a member's text calls for: resources, a kind refusal, or None, just an answer."""
    plain = _plain(text)
    return next((concern for concern, pattern in _CHECKS if pattern.search(plain)), None)


RESOURCES = (
    "Thank you for telling me. What you wrote sounds heavy, and you deserve a person beside you "
    "who can really help, right now.\n"
    "- **In danger this minute?** Call your local emergency number (911, 112, 999).\n"
    "- **Canada and the US:** call or text **988**, day and night.\n"
    "- **UK and Ireland:** call Samaritans, **116 123**, free at any hour.\n"
    "- **Anywhere else:** findahelpline.com lists a line near you.\n"
    "I am a companion, not a counsellor. Please reach out to one of them, "
    "or to somebody you trust, today."
)
"""What a member sees, and what the turn keeps, when a text speaks of harm or danger."""
