"""What a text that a model wrote must satisfy before it lands in a row.

Each check gives None, or one sentence to the model that says what to mend. They are pure, and
look at no more of a text than may be stored, so that even a huge answer costs next to nothing.
They prefer a needless repair to a task that nobody should be given: a plain word list stands here,
not an understanding of the text.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from bot.kai.safety import concern_of
from bot.rules.points import Difficulty
from bot.rules.texts import is_blank

TITLE_LENGTH = (3, 60)
TASK_LENGTH = (20, 300)
GUIDANCE_LENGTH = (40, 900)
NOTE_LENGTH = (15, 500)
"""The fewest and the most characters of each."""

MINUTES: dict[Difficulty, tuple[int, int]] = {
    "Easy": (1, 15),
    "Medium": (10, 45),
    "Hard": (30, 120),
}
"""The fewest and the most minutes that a task may take, much as our own acts do."""

ALIKE = 0.8
"""From this share of words in common on, two tasks are the same one."""

TRIFLE = 5
"""What a task may cost at most, in whatever currency."""


def problem_with_task(
    title: str,
    text: str,
    minutes: int,
    difficulty: str,
    *,
    wanted: Difficulty,
    earlier: Collection[str],
) -> str | None:
    """What to mend in a quest day's task. `earlier` are stored tasks, with titles or without."""
    problem = _shape_problem("title", title, TITLE_LENGTH) or _shape_problem(
        "text", text, TASK_LENGTH
    )
    if problem is not None:
        return problem
    if _OTHER_SCRIPT.search(title + text) or _is_foreign(title) or not _is_english(text):
        return "Write the title and the text in English."
    if difficulty != wanted:
        return f'The difficulty must be "{wanted}".'
    fewest, most = MINUTES[wanted]
    if not fewest <= minutes <= most:
        return (
            f"{'An' if wanted == 'Easy' else 'A'} {wanted} task takes {fewest} to {most} minutes: "
            f"choose an act that does."
        )
    whole = f"{title}. {text}"
    problem = _first_problem(whole, _DECENT + _HARMLESS + _DOABLE) or _cost_problem(whole)
    if problem is None and _is_repeat(text, earlier):
        return "That is the same as an earlier task: choose another act."
    return problem


def task_text(title: str, text: str) -> str:
    """What `quest_logs.task_generated` holds: "Title: text." in one line."""
    title = " ".join(title.split()).rstrip(" .:;,-–—")
    text = " ".join(text.split())
    if not text.rstrip("\"'”’)").endswith((".", "!", "?", "…")):
        text = text.rstrip(" :;,-–—") + "."
    return f"{title} {text}" if title.endswith(("!", "?")) else f"{title}: {text}"


def problem_with_guidance(text: str) -> str | None:
    """What to mend in a challenge day's guidance."""
    return _prose_problem("guidance", text, GUIDANCE_LENGTH) or _first_problem(
        text, _DECENT + _HARMLESS
    )


def problem_with_note(text: str) -> str | None:
    """What to mend in a note on a reflection."""
    return _prose_problem("note", text, NOTE_LENGTH) or _first_problem(text, _DECENT + _DIAGNOSIS)


def problem_with_answer(text: str) -> str | None:
    """What to mend in an answer to a member, in any language.

    That KAI is an AI may be said when a member asks; that it is this or that model, with a prompt,
    may not, and the fence around the data of a prompt is nothing to see.
    """
    if is_blank(text):
        return "The answer is empty: write one."
    if _SELF.search(text):
        return "Speak as KAI, and not of language models, prompts or instructions."
    plain = _plain(text)
    if any(rule.pattern.search(plain) for rule in _DIAGNOSIS):
        return "Give no diagnosis and no dose."
    return None


# Shape.

# Stars, ticks, bars; headings, quotations and list marks where a line begins; "1. ... 2. ...".
_MARKDOWN = re.compile(
    r"[*`|•]|__|~~|(?:^|\s)_\w|^\s*(?:#|>|[-–—·+]\s|\d{1,2}[.)]\s)|\b1[.)] .+ 2[.)] ", re.MULTILINE
)
_JOINER, _SPACES = "\u200d", "\u00a0\u202f"


def _shape_problem(what: str, text: str, length: tuple[int, int], also: str = "") -> str | None:
    """What is wrong with the length and the look of a text. `also` are marks that it may have."""
    fewest, most = length
    count = len(text.strip())
    if count > most:
        return f"The {what} is {count} characters long; at most {most} fit."
    if count < fewest or is_blank(text):
        return f"The {what} is {count} characters long; write at least {fewest}."
    text = text.strip()
    if not all(c.isprintable() or c in also or c in _JOINER + _SPACES for c in text):
        return f"Write the {what} in plain characters{'' if also else ' and in one line'}."
    if _MARKDOWN.search(text):
        return f"Write the {what} in plain sentences, without lists or markdown."
    return None


def _prose_problem(what: str, text: str, length: tuple[int, int]) -> str | None:
    """The same for a text of several sentences, which may be in paragraphs and hold a name."""
    problem = _shape_problem(what, text, length, also="\n")
    return problem or (None if _is_english(text) else f"Write the {what} in English.")


# Language.


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ENGLISH = _set_of("""
    a about after again all also always an and another any anybody anyone anything are around as at
    away back be because been before behind being both but by can could did do does doing down each
    else enough even ever every everyone everything few for from get give had has have having he her
    here hers herself him himself his how if in into is it its itself just know least let like
    little ll long make many may me might mine more most much must my myself never next no nobody
    nor not nothing now of off on once one only or other others our out over own perhaps please re
    s same say see she should since so some somebody someone something soon still such t take than
    thank that the their theirs them themselves then there these they thing things this those though
    through to today together too two under until up upon us use ve very was way we well were what
    whatever when where whether which while who whoever whom whose why will with without would yet
    you your yours yourself
""")
"""Words that hold English together; between two tasks they make no difference."""

# French, Spanish, German, Portuguese, Italian and Dutch, without accents; none is an English word.
_FOREIGN = _set_of("""
    aan alguem alguien algo au auch auf aus aux avec bij ce ces cette che chez como con dans das
    dass dat de deine deinem deinen del della dem der des di dich dir dit du e een eens ein eine
    einem einen einer el elle em en es esta est et gli het heute hoje hoy ich iemand ihm ihr il ils
    je jemand jemandem jemanden jouw la las le les leur lo los mais mas mi mit moi muito muy na nach
    nao nel nicht niet nos notre num oggi om ook op os ou oder par para pas pela pelo pero persona
    por puoi qualcuno que qui quien se ses seu seus sich sie sind sobre son su sua sur sus tes toi
    tous tu tua tuo tus uit um uma un una und une uno vandaag voor votre vos vous von wie y zijn zu
    zum zur
""")

_OTHER_SCRIPT = re.compile("[^\\W\\d_A-Za-z\u00aa-\u024f\u1e00-\u1eff]")
_LETTER = re.compile(r"[^\W\d_]")
# In our own acts at least a third of the words hold the sentence together.
_FEWEST_ENGLISH = 0.22


def _is_foreign(text: str) -> bool:
    """Whether words of another language weigh as much as the English ones."""
    words = _words(text)
    foreign = sum(word in _FOREIGN for word in words)
    return 0 < foreign >= sum(word in _ENGLISH for word in words)


def _is_english(text: str) -> bool:
    """Whether a sentence or more is English, names in other scripts and languages aside."""
    if len(_OTHER_SCRIPT.findall(text)) * 3 > len(_LETTER.findall(text)):
        return False
    words = _words(text)
    english = sum(word in _ENGLISH for word in words)
    foreign = sum(word in _FOREIGN for word in words)
    return english > len(words) * _FEWEST_ENGLISH and (foreign < 2 or foreign * 3 <= english)


# Repetition.

# Marks part words; what may end a title becomes a colon.
_APART = str.maketrans(
    {chr(code): " " for code in range(128) if not chr(code).isalnum()}
    | {"\n": "\n", ":": ":", "!": ":", "?": ":"}
)


def _folded(text: str) -> str:
    """A text without case, accents and marks, line by line; colons stand alone."""
    if not text.isascii():
        text = text.replace("’", " ").replace("–", " ").replace("—", " ")
        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return text.lower().translate(_APART).replace(":", " : ")


def _words(text: str) -> list[str]:
    return [word for word in _folded(text).split() if word != ":"]


def _telling(words: list[str]) -> frozenset[str]:
    """The words that tell one task from another; all of them, where there are no such words."""
    every = frozenset(words) - {":"}
    return every - _ENGLISH or every


def _is_repeat(text: str, earlier: Collection[str]) -> bool:
    """Whether an earlier task has nearly the same words, whatever its title."""
    new = _telling(_words(text))
    fewest = ALIKE * len(new)
    lines = _folded("\n".join([" ".join(task.split()) for task in earlier])).split("\n")
    for line in lines:
        words = line.split()
        # Most tasks have too few words in common, wherever their titles end.
        if len(new.intersection(words)) >= fewest and any(
            _is_alike(new, had) for had in _tellings_of(words)
        ):
            return True
    return False


def _tellings_of(task: list[str]) -> Iterator[frozenset[str]]:
    """The telling words of a stored task, and those of what may be its text without its title."""
    yield _telling(task)
    for place, word in enumerate(task[: TITLE_LENGTH[1] // 2]):
        if word == ":":
            yield _telling(task[place + 1 :])


def _is_alike(some: frozenset[str], others: frozenset[str]) -> bool:
    common = len(some & others)
    return common > 0 and common >= ALIKE * len(some | others)


# Safety. Phrases are regular expressions over lower-case text in single spaces.


@dataclass(frozen=True, slots=True)
class _Rule:
    """Turns of phrase that a text must not have, and what the model is told about them."""

    advice: str
    pattern: re.Pattern[str]


_HOME = "(?:homes?|house|houses|flats?|apartments?|bedrooms?|gardens?|yards?|property|garages?)"
_LISTS = {
    " ... ": r" (?:[\w'-]+ ){0,5}",
    "<home>": _HOME,
    "<whom>": "(?:someone|somebody|anyone|everyone|everybody|people|strangers?|friends|them|him|her"
    r"|(?:a|an|the|your|their|his|my|every|each|two|three|as many) [\w'-]+)",
    "<stranger>": "(?:strangers?|(?:random|unknown) (?:person|people|man|woman|men|women)"
    "|(?:someone|somebody|anyone|people|person|man|woman|famil(?:y|ies)|neighbours?|prisoner) "
    "(?:that |who |whom )?you(?:'ve| have)? (?:(?:do not|don't|never|not|barely|hardly) (?:even )?"
    "(?:know|knew|met|meet)|met online))",
    "<risk>": "(?:alone|car|ride|visit|babysit|quiet place|money|address|phone|"
    "dark|woods|basement|hotel|hug|meet|follow"
    rf"|(?:in|into|at|to|inside) (?:your|their|his|her|a) (?:own )?(?:place|room|{_HOME})"
    "|(?:walk|go|come|take|invite|bring|get) (?:[\\w'-]+ ){0,4}(?:home|in|inside|over|back))",
    "<spent>": "(?:groceries|meals?|dinner|lunch|shopping|rent|bills?|fuel|petrol|gas|tickets?"
    "|haircut|hotel|fees?|trip|coffee|cinema|spa)",
    "<instead>": r"(?:^|[.!?:;,] |\b(?:and|then|or|to|please|go|today|could|can|just) )",
}


def _rule(advice: str, phrases: str, marks: str = "") -> _Rule:
    """A rule of whole words, any number of phrases a line; "..." is up to five other words.

    `marks` are found within words as well.
    """
    pattern = rf"\b(?:{'|'.join(line.strip() for line in phrases.strip().splitlines())})\b"
    if marks:
        pattern = f"{pattern}|{marks}"
    for name, words in _LISTS.items():
        pattern = pattern.replace(name, words)
    return _Rule(advice, re.compile(pattern))


# For every text.
_DECENT = (
    _rule(
        "give no link.",
        r"""
        www\.|dot (?:com|org|net)|[\w-]{1,40}\.[a-z]{2,9}/\w
        [\w-]{2,40}\.(?:com|org|net|io|ca|co|uk|gg|app|dev|info|xyz|ly|eu|edu|gov|tv)
        """,
        "https?:",
    ),
    _rule(
        "give and ask for nothing private: no address, number, name or secret.",
        r"""
        (?:\d[ ().-]{0,2}){6,11}\d|pass(?:word|code|phrase)s?|(?:your|their) pin|log-?ins?
        pin (?:code|number)s?|bank (?:account|card|detail|transfer|statement)s?
        (?:credit|debit) cards?|card number
        social security|sort code|iban|cvv|(?:security|verification) code|bitcoin|crypto
        date of birth|(?:share|give|post|send|tell|swap) ... (?:phone numbers?|full name|address)
        """,
        "@",
    ),
    _rule(
        "leave medicines, injuries and fasting alone.",
        r"""
        medicines?|medications?|pills|painkillers?|ibuprofen|paracetamol|aspirin|antibiotics?
        vitamins?|(?:your|sleeping|allergy) tablets|supplements|ointments?|insulin
        inhalers?|syringes?|prescriptions?|dosages?|cough syrup
        (?:bandage|dress|clean|treat) ... (?:wounds?|cuts|burns?|injur(?:y|ies))
        (?:donate|give) (?:blood|plasma)|skip (?:a meal|meals|breakfast|lunch|dinner)
        """,
    ),
    _rule(
        "leave out alcohol, smoke, drugs and gambling.",
        r"""
        alcohol|wines?|beers?|whisk(?:y|ey)|vodka|champagne|prosecco|cocktails?|liquor|booze|rum|gin
        tequila|cider|drunk|pubs?|nightclubs?|(?:at|to|in) (?:a|the) bar|cigarettes?|cigars?
        vap(?:e|ing)|smoke (?:a|with)|tobacco|cannabis|marijuana|lottery|casinos?|gambl\w+
        """,
    ),
    _rule(
        "leave out weapons, fire and danger.",
        r"""
        weapons?|guns?|pistols?|rifles?|swords?|daggers?|(?:carry|bring|take) ... kni(?:fe|ves)
        ammunition|explosives?|fire(?:works?|crackers?|arms?)|pepper spray|archery|bonfires?
        light a fire|petrol|chain ?saws?
        (?:swim|jump|dive|wade) (?:in|into|across) (?:a|the) (?:river|lake|sea|ocean|canal|water)
        """,
    ),
    _rule(
        "keep it kind, lawful and fit for a 13-year-old.",
        r"""
        steal (?:from|something|their|his|her)|shoplift|pranks?|vandali[sz]e|spy on|lie to|fists?
        hack into|idiots?|sex|sexy|sexual|nudes?|naked|erotic|porn\w*|flirt(?:ing)?|fuck\w*|shit\w*
        """,
    ),
    _rule(
        "promise nothing on behalf of the charity.",
        r"""
        (?:get kinder|(?:the|our) charity|our team|kai)(?:'ll| (?:will|can|is going to|has))
        (?:get kinder|(?:the|our) charity) (?:promises|pays|offers|gives|sends|donates|matches)
        (?:we|i)(?:'ll| will) ... (?:send|pay|refund|donate|reward|match|plant|award|feature)
        (?:earn|win|receive|get) ... (?:badges?|prizes?|rewards?|certificates?|vouchers?|refunds?)
        (?:earn|win|receive) ... (?:points|money)|guarantee[ds]?|(?:we|i) promise
        """,
    ),
    _rule(
        "write the text itself, for a member.",
        r"""
        (?:an|as|the) ai|ai (?:model|assistant|companion|system)s?|language models?|llms?
        chat ?bots?|chatgpt|gpt|openai|anthropic|artificial intelligence|json
        (?:system|user|this) prompt|as requested|word count|jailbreak
        (?:previous|prior|above|earlier|my|system) instructions
        (?:ignore|disregard|forget) ... (?:instructions?|prompts?|rules)
        here(?:'s| is) (?:a|the|your|my) (?:[\w'-]+ ){0,2}(?:task|guidance|note)
        i(?:'m| am) (?:sorry,? but|unable to|not able to)
        i can(?:'t|not| not) (?:help you|help with|assist|write|create|comply|provide|do that)
        """,
        r"\ba\.i\.|<\||(?:^|[.!?] )(?:sure|certainly)[!,.:]",
    ),
    _rule(
        "leave no placeholder.",
        r"""
        x{3,}|name here|insert (?:the |a |your )?(?:name|title|\w+ here)|lorem ipsum|tbd
        """,
        r"[{}<>\[\]]|%s|\(name\)|\(insert\b|\$\w*name",
    ),
)

# For what a member is asked to do; a note speaks of what they did.
_HARMLESS = (
    _rule(
        "nobody may be alone with strangers, out in the dark or in secret.",
        r"""
        <stranger>\b.{0,80}?\b<risk>|<risk>\b.{0,80}?\b<stranger>
        (?:alone|out|streets?|park|walk) ... (?:at night|after dark|in the dark)|after midnight
        alone (?:in|into|through|to) the (?:woods|forest|mountains?|hills)
        (?:without telling|secret from) (?:anyone|anybody|your (?:parents?|family|mum|mom|dad))
        """,
    ),
    _rule(
        "nobody may go into other people's homes.",
        r"""
        (?:enter|(?:break|sneak|go|slip|let yourself) (?:into|inside)) ... <home>
        (?:step|walk|come) (?:into|inside) ... \w+(?:'s|s') <home>
        knock (?:on|at) (?:every|each|all|any|random|doors|strangers?)|door[ -]to[ -]door|trespass
        """,
    ),
    _rule(
        "ask nobody to touch people.",
        r"""
        (?:hug|hugging|kiss|kissing|cuddle|massage|tickle) <whom>|free hugs?
        (?:embrace|touch) (?:someone|somebody|everyone|people|strangers?|them|him|her)(?!')
        (?:give|offer|share|ask for|with|exchange) ... (?:hugs?|kiss(?:es)?|massages?|cuddles?)
        (?:hold|squeeze|stroke|pat) ... (?:their|his|her|\w+'s|\w+s') (?:hand|hair|arm|back|head)s?
        (?:an|your) arms? a?round|(?:back|shoulder|foot) rubs?
        """,
    ),
    _rule(
        "nothing may be climbed.",
        r"""
        climb(?:ing)? (?:a|an|the|up|on|onto|over|into|in|to|out of|through|your|their|trees?)
        (?:up|on|onto|use|using|bring|with|from) (?:a|the|your|their) (?:ladder|roof|rooftop)
        stand (?:up )?on (?:a|the) (?:chair|table|stool)|scaffolding|bouldering|scale (?:a|the) \w+
        """,
    ),
    _rule(
        "nobody should have to drive or be driven.",
        r"""
        (?<!food )(?<!toy )(?<!coat )(?<!book )driv(?:e|ing) (?:<whom>|to|over|around|across|home)
        (?:give|offer) (?:[\w'-]+ ){1,4}(?:ride|lift)(?! (?:a|the|your)\b)
        carpool|hitch-?hike|(?:lend|borrow) ... car
        (?:get|hop|climb) in(?:to)? (?:[\w'-]+ ){1,3}(?:car|van|truck)
        """,
    ),
)

_DIAGNOSIS = (
    _rule(
        "diagnose nothing: you are a companion, not a clinician.",
        r"""
        diagnos\w+|depress(?:ed|ion|ive)|anxiety|disorders?|bipolar|adhd|autis\w+|ptsd|ocd|trauma\w*
        symptoms?|clinical\w*|patholog\w+|narcissis\w+|psycho\w+|panic attacks?|mental(?:ly)? ill\w*
        burn-?out|addict\w*|dissociat\w+|schizo\w+|neuro\w+|anorexi\w+|bulimi\w+|syndromes?|manic
        your condition|coping mechanisms?|attachment style|treatment|prescrib\w+|antidepressants?
        """,
    ),
)

_DOABLE = (
    _rule(
        "ask for no purchase.",
        r"""
        (?:buying|ordering) <whom> (?:an?|some|the)|shop for a (?:gift|present)|gift ?cards?
        pay (?:for|their|his|her|\w+'s) ... <spent>|pay off|treat ... to ... <spent>
        (?:book|reserve) (?:a|an|two|some) ... (?:table|room|class|tickets?|seats?|session|massage)
        (?:rent|hire) (?:a|an|two|some)|adopt an? (?:dog|cat|pet|puppy|kitten)|subscribe to
        """,
        r"<instead>(?:and |then )?(?:buy|purchase|order)\b(?! one thing you need anyway)",
    ),
    _rule(
        "ask for no money.",
        r"""
        (?:give|lend|donate|send|transfer|hand|leave|raise) ... (?:money|cash|funds)|sponsor an?
        donate (?:to|at least|online|generously)|(?:make|set up) a (?:[\w'-]+ )?donation
        (?:large|generous|big|huge) tip|tip (?:your|the|a) \w+ (?:generously|well)
        """,
    ),
    _rule(
        "it must be doable without travel.",
        r"""
        flights?(?! of)|fly to|airports?|hotel room|road ?trips?|travel(?:ling|ing)? (?:to|abroad)
        (?:visit|go to|go|trip to) (?:another|the next|a nearby|a foreign|abroad|overseas)
        (?:take|catch|ride|board) (?:a|the) (?:train|bus|plane|ferry|taxi|coach|tram) (?:to|out)
        (?:weekend|day|camping) trip|weekend (?:away|in)|passport
        go (?:on holiday|on vacation|camping)
        """,
    ),
    _rule(
        "it must be doable with what anybody has.",
        r"""
        drones?|3d[ -]print\w*|sewing machines?|power (?:tools?|drill|washer)|lawn ?mowers?|kayaks?
        canoes?|(?<!paper )boats?|telescopes?|kilns?|weld(?:er|ing)|solder(?:ing)?|projectors?
        campervans?|motor(?:bike|cycle)s?|surfboards?|your (?:van|truck|tractor|swimming pool|sauna)
        """,
    ),
)

_CURRENCY = r"(?:[$£€¥₹]|(?:dollars?|euros?|pounds?|bucks|quid|usd|cad|eur|gbp|yen|rupees)\b)"
_AMOUNT = re.compile(
    rf"(?:[$£€¥₹]|\b(?:usd|cad|eur|gbp)) ?(\d[\d,.]{{0,12}})|\b(\d[\d,.]{{0,12}}) ?{_CURRENCY}"
    r"|\b(?:six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty|fifty|hundred|thousand)"
    rf"(?:[ -][a-z]+)? {_CURRENCY}"
)

# How a model speaks of itself, or shows its prompt, in an answer.
_SELF = re.compile(
    r"\b(?:as|i am|i'm|i’m|being) (?:just |only |merely )?(?:an? )?(?:large )?(?:ai )?"
    r"(?:language model|ai model|llm)\b|\bas an ai\b"
    r"|\b(?:my|the|this) (?:system|hidden|initial) (?:prompt|message|instructions?)\b"
    r"|\b(?:trained|made|created|developed|built) by (?:openai|anthropic|google|meta|mistral)\b"
    r"|\bi(?:'m| am|’m) (?:chatgpt|gpt|claude|gemini|llama|qwen|mistral|deepseek)\b"
    r"|<\|[a-z_]+\|>|</?data>"
    r"|\b(?:en tant que|je suis|soy|como|als|ich bin|ben|sou|sono|in quanto) (?:une?|ein|een|um)? ?"
    r"(?:grand |groot )?(?:modèle de langage|modelo de lenguaje|modelo de linguagem|sprachmodell|"
    r"ki-sprachmodell|modello linguistico|taalmodel)\b",
    re.IGNORECASE,
)

_STRAIGHT = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "‐": "-", "‑": "-"})


def _first_problem(text: str, rules: tuple[_Rule, ...]) -> str | None:
    """The first rule that a text breaks, with the words that break it."""
    plain = _plain(text)
    for rule in rules:
        found = rule.pattern.search(plain)
        if found:
            return f'It says "{found[0].strip()[:50]}": {rule.advice}'
    if concern_of(text) is not None:
        return "It touches on danger, health or law: choose something light and everyday."
    return None


def _cost_problem(text: str) -> str | None:
    """A sum over a trifle."""
    for found in _AMOUNT.finditer(_plain(text)):
        number = (found[1] or found[2] or "").rstrip(",.").replace(",", "")
        if not number or number.count(".") > 1 or float(number) > TRIFLE:
            return f'It says "{found[0]}": ask for no money over a trifle.'
    return None


def _plain(text: str) -> str:
    """A text as the rules read it."""
    plain = unicodedata.normalize("NFKC", text).translate(_STRAIGHT).casefold()
    return " ".join(plain.split())
