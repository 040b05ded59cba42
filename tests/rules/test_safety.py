"""The safety check: cries for help are heard in any spelling, everyday talk passes."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kai.acts import all_acts
from bot.kai.safety import RESOURCES, Concern, concern_of

CRISIS = [
    # Ending one's life.
    "i want to kill myself",
    "honestly might kms tonight",
    "I've been having suicidal thoughts",
    "sewer slide is the only way out",
    "gonna unalive myself",
    "i just want to disappear forever",
    "i won't be here tomorrow",
    "i dont wanna be here anymore",
    "I don't want to wake up tomorrow.",
    "i hope i dont wake up",
    "I wish I were dead",
    "i was better off dead",
    "i want to end it all",
    "I'm thinking of ending my life",
    "i just took all my pills",
    "thinking of jumping in front of a train",
    "I'd be happier if I could just stop existing",
    "please just kill me",
    "If I die tonight, tell my mom I love her",
    # Nothing to go on for, and goodbyes.
    "life isnt worth living anymore",
    "whats the point of living",
    "everyone would be better off without me",
    "nobody would miss me if i died",
    "i'm a burden to everyone",
    "I can't go on",
    "im so tired of being alive",
    "theres no way out for me",
    "goodbye everyone, thanks for everything, im sorry",
    "I wrote goodbye letters to everyone",
    "my friend texted me goodbye and i think he's going to kill himself",
    # Hurting oneself.
    "i cut myself again",
    "self-harm is the only thing that helps",
    "i keep burning myself with a lighter",
    "i started cutting again",
    "my arms are covered in cuts",
    "i make myself throw up after every meal",
    # Being hurt.
    "my stepdad hurts me",
    "He hit me with a belt when I asked a question",
    "my mum slaps me all the time",
    "my bf chokes me when hes mad",
    "my uncle touches me",
    "i think i was sexually assaulted",
    "i got raped at a party",
    "some guy online is blackmailing me with my nudes",
    "I am in an abusive relationship",
    "i dont feel safe at home",
    "im scared to go home",
    "I'm afraid of my husband",
    "my dad locks me in my room and wont feed me",
    "my parents kicked me out and i have nowhere to go",
    "the kids at school beat me up every day",
    "my brother hits my mum",
    # Danger now, and to others.
    "he said hell kill me if i leave",
    "theres someone in my house",
    "he has a gun",
    "a man keeps following me home",
    "i want to hurt someone",
    "im going to shoot up my school",
    "voices are telling me to hurt people",
    "I could kill for a coffee, but really I just want to die",
    "je veux mourir",
]

EVERYDAY = [
    "this climb is killing me",
    "you're killing it!!",
    "i'd kill for a coffee rn",
    "I could murder a sandwich",
    "kill two birds with one stone",
    "I want to kill them with kindness",
    "How do I kill a Python process?",
    "my mum will kill me if I forget the milk",
    "I could have killed my brother for eating my snack, but I forgave him",
    "he killed me in Minecraft lol",
    "my phone died",
    "dying of laughter 😂",
    "i'm dying to know what day 8 is",
    "I almost died of embarrassment",
    "I'd rather die than eat olives",
    "We watched Die Hard on Christmas Eve",
    "my grandma died last spring and today I baked her pie",
    "dead tired after my shift",
    "I'm dead serious, thank you",
    "We watched a documentary about suicide prevention",
    "our club put on a suicide awareness walk",
    "I cut myself a slice of cake",
    "i cut myself some slack today",
    "cut myself shaving, otherwise a good day",
    "I hurt myself playing football but my teammate carried my bag",
    "I burned myself out last year, so I'm going slowly",
    "he hit me with a great idea",
    "it hit me that I never said thank you",
    "hit me up if you want to help at the food bank",
    "that song hits me right in the feels",
    "she beat me at chess again",
    "He beat me to the door and held it open",
    "my best friend hurt my feelings",
    "It hurts me to see him lonely",
    "Her letter touched me deeply",
    "the cat scratched my arm",
    "my team kicked me off the call by accident",
    "shoot me a message if you want a partner",
    "I'll shoot him a text",
    "we're going to shoot hoops with the kids",
    "end my day with kindness",
    "let's end it here and start the next quest",
    "I can't do this quest anymore, can I switch?",
    "I can't go on the trip but I helped pack",
    "I don't want to live in a big city",
    "I don't want to wake up early",
    "I won't be here tomorrow because I'm on holiday, can I do the day on Friday?",
    "what's the point of this quest?",
    "goodbye everyone, see you tomorrow!",
    "wrote a goodbye card for my teacher",
    "overdosed on chocolate lol",
    "we jumped off the cliff into the lake",
    "I'm scared of the dark",
    "I don't want to hurt anyone's feelings",
    "I ran ten kms for charity",
    "a stray cat followed me home",
    "we raised money for a domestic violence shelter",
    "I give up, where is the button?",
    "I'm done",
    "I picked up a prescription for my neighbour, and her doctor was so kind",
    "gave a dose of kindness",
    "my friend is a lawyer and we went to court to watch",
]

MEDICAL = [
    "Do I have ADHD?",
    "can you diagnose me",
    "am i depressed",
    "What dose of ibuprofen should I take?",
    "how many mg of melatonin can i take",
    "should I stop taking my antidepressants",
    "I want to come off my meds",
    "is it safe to mix ibuprofen and alcohol",
    "what are the side effects of sertraline",
    "is this rash serious",
]

LEGAL = [
    "can i sue my landlord",
    "should I press charges",
    "is it legal to record someone",
    "do I need a lawyer",
    "what are my rights as a tenant",
]

DISGUISES: dict[str, Callable[[str], str]] = {
    "shouted": str.upper,
    "without apostrophes": lambda text: text.replace("'", ""),
    "with curly apostrophes": lambda text: text.replace("'", "’"),
    "in bold": lambda text: f"**{text}**",
    "in a spoiler": lambda text: f"||{text}||",
    "over many lines": lambda text: text.replace(" ", "\n"),
    "with dots": lambda text: text.replace(" ", "... "),
    "with emoji": lambda text: text.replace(" ", "😭"),
    "with zero-width spaces": "\u200b".join,
    "struck through": "\u0336".join,
    "with accents": lambda text: text.replace("e", "é").replace("i", "ï"),
    "drawn out": lambda text: text.replace("e ", "eeee ").replace("l", "lll"),
    "amid good news": lambda text: f"Day 3: I baked bread. {text} My phone died of laughter.",
}

HARD_TO_READ = {
    "spaces": " " * 4000,
    "one phrase begun": "i want to " * 400,
    "many phrases begun": "not want to hurt my " * 200,
    "contractions": "im " * 1333,
    "doubled letters": "aabb " * 800,
    "one letter": "a" * 4000,
    "ligatures": "\ufdfa" * 4000,
    "accents on accents": "\u0301\u0316" * 2000,
    "letters and emoji": "a😭" * 2000,
    "stars": "s*i" * 1333,
    "letters apart": "a b c d " * 500,
}


@pytest.mark.parametrize("text", CRISIS)
def test_a_cry_for_help_is_heard(text: str) -> None:
    assert concern_of(text) is Concern.CRISIS


@pytest.mark.parametrize("text", EVERYDAY)
def test_everyday_talk_passes(text: str) -> None:
    assert concern_of(text) is None


@pytest.mark.parametrize("text", MEDICAL)
def test_medical_advice_is_asked_for(text: str) -> None:
    assert concern_of(text) is Concern.MEDICAL


@pytest.mark.parametrize("text", LEGAL)
def test_legal_advice_is_asked_for(text: str) -> None:
    assert concern_of(text) is Concern.LEGAL


def test_a_crisis_outweighs_a_question() -> None:
    assert concern_of("Can I sue him? He hits me. Should I take my meds?") is Concern.CRISIS


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES.keys())
def test_a_cry_for_help_is_heard_however_it_is_typed(disguise: Callable[[str], str]) -> None:
    assert [text for text in CRISIS if concern_of(disguise(text)) is not Concern.CRISIS] == []


@pytest.mark.parametrize(
    "text",
    [
        *("kms", "k.m.s", "K M S", "s*icide", "s**cide", "su1cide", "su!cide", "unal1ve myself"),
        *("i want 2 die", "i wanna dieeeee", "ｋｉｌｌ myself", "𝓴𝓲𝓵𝓵 myself", "k**l my self"),
        *("iwanttodie", "i-want-to-die", "i want to d1e", "r@ped", "wanna d!e"),
        *("i w a n t t o d i e", "k i l l  m y s e l f", "e n d  m y  l i f e  2 n i t e"),
    ],
)
def test_disguised_words_are_read(text: str) -> None:
    assert concern_of(text) is Concern.CRISIS


def test_what_is_harmless_alone_may_be_grave_together() -> None:
    assert concern_of("I'm on the roof of the library, what a view") is None
    assert concern_of("cant stop crying, they threw me a surprise party") is None
    assert concern_of("im on the roof of the library and i cant stop crying") is Concern.CRISIS


def test_our_own_acts_pass() -> None:
    """Members quote them in their reflections."""
    assert [act.text for act in all_acts() if concern_of(act.text)] == []


@given(st.text(st.characters()))
def test_any_text_can_be_read(text: str) -> None:
    """NUL and lone surrogates too."""
    assert concern_of(text) in {None, *Concern}


@pytest.mark.parametrize("text", HARD_TO_READ.values(), ids=HARD_TO_READ.keys())
def test_no_text_holds_the_bot_up(text: str) -> None:
    """A millisecond or two of the processor's time is usual; what grows with the square of the
    length would take a hundred times as long.
    """
    concern_of(text)
    start = time.thread_time()
    concern_of(text)
    assert time.thread_time() - start < 0.15


def test_resources_name_a_number_for_each_of_our_countries() -> None:
    assert all(number in RESOURCES for number in ("911", "112", "999", "988", "116 123"))
