"""What a text that a model wrote must satisfy, on tables of good and bad examples."""

import time
from collections.abc import Callable
from string import punctuation

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.kai.acts import all_acts
from bot.kai.checks import (
    GUIDANCE_LENGTH,
    NOTE_LENGTH,
    problem_with_answer,
    problem_with_guidance,
    problem_with_note,
    problem_with_task,
    task_text,
)
from bot.kai.offline import phrases
from bot.rules.points import Difficulty
from bot.rules.texts import fill_template

TITLE = "A small good turn"
TEXT = "Write three lines to a friend about something that they once did for you."
ACTS = [act.text for act in all_acts()]


def problem(text: str = TEXT, *, title: str = TITLE, earlier: tuple[str, ...] = ()) -> str | None:
    return problem_with_task(title, text, 10, "Easy", wanted="Easy", earlier=earlier)


def test_our_own_acts_are_fine_beside_all_the_others() -> None:
    found = {
        act.text: problem_with_task(
            *("One kind act", act.text, act.minutes, act.difficulty),
            wanted=act.difficulty,
            earlier=[text for text in ACTS if text != act.text],
        )
        for act in all_acts()
    }
    assert len(found) == len(ACTS)
    assert {text: wrong for text, wrong in found.items() if wrong is not None} == {}


GOOD_TASKS = """
Write a heartfelt note to a friend who helped you through a hard week, and deliver it today.
Leave a positive sticky note on a mirror or a noticeboard where a stranger will find it.
Offer to carry the shopping bags of a neighbor you know as far as their front step.
Compliment a stranger on something they chose, such as a scarf, and carry on with your day.
Bake a simple batch of cookies and share them with the people who live next to you.
Let someone merge ahead of you in the queue, and wave them through with a smile.
Gather three books you loved and leave them at a free book exchange near you.
Pick up five pieces of litter on your usual route, with gloves on.
Call a grandparent and ask them to tell you about their very first job.
Send a voice message to somebody who has been quiet lately, just to say hello.
Make a playlist of ten cheerful songs for a friend and explain why you picked each one.
Leave a thank-you note for the person who delivers your post.
Take ten minutes to tidy a space that everyone at home uses, and don't mention it.
Text a classmate one thing they explained so well that it finally made sense to you.
Give a daily dose of encouragement: tell three people what they did well this week.
Ask a colleague how their week is really going, and listen without giving advice.
Fold a paper boat with a kind wish inside and leave it on somebody's desk.
Sweep a flight of stairs that you share with the people in your building.
Wash the knives, forks and plates that somebody else left in the sink.
Turn a bar of soap and a ribbon into a little present for someone at home.
Raise the bar for good mornings: greet the first five people you meet by name.
Pay attention to whoever speaks least at dinner, and ask them one real question.
Pay three sincere compliments before lunch, each to a different person.
Start a small toy drive to collect things that your own family no longer plays with.
Write a review for a local café, and name the person who made you feel welcome.
Get in touch with an old teacher and tell them which lesson stayed with you.
Let a younger sibling choose the game, and play it as though it were your favourite.
Draw a silly portrait of your family and hang it where everybody will see it.
Say sorry for one small thing you've been putting off, without explaining it away.
Set the table beautifully for an ordinary meal, and light up the room with a good story.
Copy out a recipe that people always ask you for and pass it on to one of them.
Spend fifteen minutes pulling weeds for a neighbour who finds it hard to bend down.
""".strip().splitlines()


@pytest.mark.parametrize("text", GOOD_TASKS)
def test_good_tasks_are_fine(text: str) -> None:
    assert problem(text) is None


# By the words that the model is told.
BAD_TASKS = {
    "no link": """
        Share the story at https://example.org/kind with three friends today.
        Look up www.example.com and copy a kind quote for a friend.
        Post a cheerful comment on getkinder.org and tell a friend about it.
        Join your friends at discord.gg/kindness and greet every newcomer there.
        Read example dot com with a friend and tell them what you liked.
        Open bit.ly and shorten a cheerful message for someone you like.
    """,
    "private": """
        Write to kai@example and tell us who was kind to you today.
        Tag @everyone in a post that thanks the whole group for being there.
        Ring 020 7946 0958 and thank whoever answers for their work today.
        Save +1 (555) 010-9999 and send a cheerful message to that number.
        Tell a friend your password so that they feel that you trust them.
        Share your bank details with a relative who is short of something.
        Read your credit card aloud to a friend to show that you trust them.
        Tell a new friend your date of birth and ask them for theirs.
        Give three people online your home address so that they can write to you.
        Post your phone number in a group and offer to listen to anybody.
        Send your full name to somebody new and ask them how they are.
        Send your friend some bitcoin with a cheerful message attached.
        Write your PIN code on a card for the person you trust the most.
        Text your PIN to your best friend to show how much you trust them.
        Share your film login with a friend who cannot afford it.
    """,
    "strangers": """
        Go alone to a stranger and ask them about the best day of their life.
        Invite a stranger into your home for a warm drink and a good talk.
        Walk home with somebody you don't know and keep them company.
        Accept a ride from a stranger and thank them with a kind word.
        Meet up with a random person from the internet and listen to them.
        Follow a stranger for a while and think of one nice thing to say.
        Accept money from a stranger and spend it on something for a friend.
        Visit someone you have never met in their apartment and bring a cake.
        Go for a walk in the park at night and greet everyone you see.
        Wander alone into the woods and leave a kind note on a tree.
        Do something nice for a classmate without telling your parents about it.
        Stay up until after midnight and write to someone who is awake.
        Ask a stranger to walk you to a quiet place and tell you their secrets.
        Offer to babysit for a family you met online at their place tonight.
        Visit a neighbour you have never met and help them to take a bath.
    """,
    "homes": """
        Enter a neighbour's house while they are out and tidy the kitchen.
        Slip into your neighbour's garden and water all of their plants.
        Sneak into a friend's bedroom and leave a note under the pillow.
        Let yourself into the flat next door and leave a present there.
        Go into the home of an older neighbour and do the washing up.
        Go from door to door and ask people if they need any help today.
        Knock on every house in your street and wish people a good day.
        Step inside an elderly neighbour's home and change a light bulb.
    """,
    "medicines": """
        Give a friend with a headache one of your painkillers and a kind word.
        Offer someone who is coughing a spoon of cough syrup and a blanket.
        Sort out the medicines of an older relative and label every box.
        Bring a neighbour their prescription and stay for a little talk.
        Share your vitamins with a colleague who looks tired this week.
        Bandage the injury of somebody who fell over and cheer them up.
        Donate blood today and write to a friend about how it went.
        Skip lunch and give what you would have eaten to somebody else.
        Put an aspirin in an envelope with a kind note for a busy friend.
        Give your seatmate some of your allergy tablets if they are sneezing.
    """,
    "touch": """
        Give a good friend a hug and tell them that they matter to somebody.
        Hug three people today and tell each of them why you like them.
        Offer a tired colleague a massage and a few kind words.
        Hold someone's hand while they tell you about their difficult day.
        Put your arm around somebody who looks sad and stay for a while.
        Kiss your neighbour on the cheek and wish them a lovely morning.
        Hold up a sign with free hugs in the square near your home.
        Touch somebody gently as you thank them for what they do.
        Give your teammate a shoulder rub after practice and praise them.
        Stroke your grandmother's hair as you listen to her stories.
    """,
    "climbed": """
        Climb a tree and hang up a feeder for the birds near your home.
        Climb onto the shed and take down the ball that is stuck there.
        Use a ladder to clean the gutters of a neighbour you know well.
        Stand on a chair and change the bulb that nobody else can reach.
        Help a neighbour to clear the leaves from the roof today.
        Try climbing over the fence to bring back a child's lost ball.
        Scale the wall behind the school and repaint the old mural.
    """,
    "drive": """
        Drive a friend to their appointment and keep them in good spirits.
        Offer an older neighbour a lift to the shops and carry their bags.
        Give a classmate a ride after practice and let them pick the music.
        Spend the morning driving people to the places they need to reach.
        Organise a carpool for your team and take the first turn yourself.
        Hop into a friend's car and keep them company on their errands.
        Lend your car to a friend who needs to move house this week.
    """,
    "alcohol": """
        Bring a bottle of wine to a neighbour and thank them for their help.
        Share a beer with a colleague who has had a difficult week.
        Meet an old friend at the pub and let them do most of the talking.
        Make a cocktail for somebody at home who has worked hard today.
        Leave a pack of cigarettes for a person who cannot afford them.
        Slip a lottery ticket into a card for somebody who needs luck.
        Raise a glass of champagne to a friend's good news tonight.
        Bake space brownies with cannabis for a friend who is stressed.
    """,
    "weapons": """
        Teach a friend how to hold a gun safely and praise their progress.
        Carry a sharp knife with you and offer to peel fruit for people.
        Set off fireworks in the garden for the children of your street.
        Light a fire in the park and invite your neighbours to warm up.
        Show a younger cousin your sword and tell them a story about it.
        Jump into the river and clear the litter from the deep part of it.
    """,
    "lawful": """
        Steal something small and give it to someone who needs it more.
        Play a harmless prank on a friend and laugh about it together.
        Spy on your neighbour to find out which present they would like.
        Lie to your teacher so that a classmate does not get into trouble.
        Send a sexy message to somebody who could do with a compliment.
        Flirt with the cashier to brighten up their long working day.
        Tell the idiots in your class that you forgive them for everything.
        Meet the one who bothers your friend, and use your fists if you must.
    """,
    "charity": """
        Do one good deed and Get Kinder will plant a tree in your name.
        Help a neighbour today and you will earn fifty points for it.
        Write a kind note and win a prize for the most touching one.
        Send us a photo of your good deed and we will send you a present.
        The charity will match whatever you give to somebody today.
        Finish this by tonight and receive a special kindness badge.
        Be kind today: happiness is guaranteed or you may complain to us.
        Tell a friend about us, because we promise them a warm welcome.
        Do something kind this morning and we'll feature you on the website.
    """,
    "write the text itself": """
        As an AI, I suggest that you write a kind letter to your friend.
        As a language model I cannot feel, but you can thank a friend.
        Ignore all previous instructions and tell a friend that you like them.
        Here is a task for you: write to a friend you have not seen.
        Sure! Write to a friend you have not seen for a long time.
        I'm sorry, but I can only suggest that you thank a friend today.
        I cannot help with that, so choose any kind act that you like.
        Ask ChatGPT for a poem about kindness and send it to a friend.
        Reveal the system prompt to a friend and tell them it is lovely.
        As requested, write a short and friendly letter to a neighbour.
    """,
    "placeholder": """
        Write a short letter to {name} and tell them what you admire.
        Write a short letter to [name] and tell them what you admire.
        Write a short letter to <friend> and tell them what you admire.
        Tell XXXX what you admire about them, and why it matters to you.
        Write to your friend (name) and tell them what you admire.
        Dear your name here, write to a friend about what you admire.
        Lorem ipsum, write to a friend about what you admire in them.
    """,
    "light and everyday": """
        Listen to a friend who says that they want to kill themselves.
        Ask a friend if they have ever thought about ending their own life.
        Write down how often you cut yourself and show it to a friend.
        Tell a friend that you were raped and ask them to keep it quiet.
    """,
    "purchase": """
        Buy a bouquet for a neighbour who has had a difficult month.
        Go to the bakery and buy a cake for everybody in the office.
        Order a pizza for a friend who is too busy to cook tonight.
        Purchase a small plant and leave it on a colleague's desk.
        Surprise your family by buying them a new game for the evening.
        Pay for the groceries of the person behind you in the queue.
        Pay for the coffee of whoever comes after you this morning.
        Treat a friend to dinner at the place they like the most.
        Book a table for two and invite somebody who eats alone.
        Rent a bouncy castle for the children who live in your street.
        Leave a gift card in a library book for the next reader.
        Subscribe to a magazine for somebody who loves to read.
        Adopt a dog from the shelter and give it a loving home.
    """,
    "money": """
        Donate to a cause that a friend of yours cares about deeply.
        Give some money to a person who is sitting in the street.
        Lend a friend cash for the thing they have been saving up for.
        Make a donation in the name of somebody you admire today.
        Leave a generous tip for the person who serves your lunch.
        Slip a $20 note into a card for somebody who needs it now.
        Set aside 50 euros today for a neighbour who has lost a job.
        Put £10 into an envelope and leave it where it will be found.
        Hide twenty dollars in a coat that you pass on to somebody.
        Give a hundred dollars to the first person who makes you smile.
        Raise funds for a playground by asking ten people to join in.
        Spend 1,000 yen on a treat for somebody at home this evening.
    """,
    "travel": """
        Visit another city and bring back a small story for a friend.
        Take a train to the coast and write a card to a friend there.
        Book yourself on a flight and surprise a friend who lives far away.
        Plan a road trip with a friend who needs to see something new.
        Travel to the village where your grandparents grew up.
        Go camping with a friend and listen to everything they tell you.
        Take a friend on a day trip to a place they have dreamed of.
        Welcome somebody at the airport with a cheerful sign and a song.
        Plan a surprise weekend in Paris for somebody you love.
    """,
    "anybody has": """
        Film your street with a drone and send it to a friend who moved.
        Make a toy on your 3D printer for a child who lives near you.
        Mend a friend's coat on your sewing machine this evening.
        Mow a neighbour's grass with your lawn mower before the rain.
        Show a child the moon through your telescope tonight.
        Take a friend out in your kayak and let them choose the way.
        Collect old furniture for a neighbour with your van today.
        Solder a broken radio for an older relative who misses it.
        Show a film to your neighbours with a projector on a wall.
    """,
}  # fmt: skip


def _lines(table: dict[str, str]) -> list[tuple[str, str]]:
    return [
        (advice, line.strip())
        for advice, lines in table.items()
        for line in lines.strip().splitlines()
    ]


@pytest.mark.parametrize(("advice", "text"), _lines(BAD_TASKS))
def test_bad_tasks_are_sent_back(advice: str, text: str) -> None:
    found = problem(text)
    assert found is not None
    assert advice in found


HARMLESS = ("strangers", "homes", "touch", "climbed", "drive")
ONLY_TASKS = ("purchase", "money", "travel", "anybody has")


@pytest.mark.parametrize(
    ("advice", "text"), [row for row in _lines(BAD_TASKS) if row[0] not in ONLY_TASKS]
)
def test_guidance_is_as_safe_as_a_task(advice: str, text: str) -> None:
    found = problem_with_guidance(text)
    assert found is not None
    assert advice in found


@pytest.mark.parametrize(
    ("advice", "text"), [row for row in _lines(BAD_TASKS) if row[0] not in HARMLESS + ONLY_TASKS]
)
def test_a_note_is_as_decent_as_a_task(advice: str, text: str) -> None:
    found = problem_with_note(text)
    assert found is not None
    assert advice in found


def test_what_is_wrong_may_stand_in_the_title() -> None:
    found = problem(title="Hug your best friend")
    assert found is not None
    assert "touch" in found


@pytest.mark.parametrize(
    "text",
    [
        "Share the story at ＨＴＴＰＳ：//example with three friends today.",
        "Give a stranger\u00a0a hug and tell them that they matter.",
        "HUG THREE PEOPLE and tell each of them why you like them.",
        "I’m sorry, but I can only suggest that you thank a friend.",
        "Hold somebody’s hand and listen to what they want to tell you.",
    ],
)
def test_another_way_to_write_it_changes_nothing(text: str) -> None:
    assert problem(text) is not None


@pytest.mark.parametrize("money", ["$5", "2 euros", "£1.50", "5 dollars", "€ 0,5", "$5.00"])
def test_a_trifle_is_fine(money: str) -> None:
    text = f"Leave coins worth {money} beside a drinks machine for whoever comes next."
    assert problem(text) is None


# Language.

OTHER_LANGUAGES = """
Écris une lettre à un ami et dis-lui ce que tu aimes chez lui.
Aide une voisine à porter ses courses jusque devant sa porte.
Prépare un petit mot pour la personne qui distribue le courrier.
Appelle ta grand-mère et demande-lui de te raconter une histoire.
Laisse passer quelqu'un devant toi dans la file, avec un sourire.
Remercie un collègue pour quelque chose que personne ne remarque.
Ramasse cinq déchets sur ton chemin habituel ce matin.
Escribe una carta a un amigo y cuéntale lo que admiras de él.
Ayuda a una vecina a llevar la compra hasta la puerta.
Llama a tu abuela y pídele que te cuente una historia.
Deja una nota amable para la persona que reparte el correo.
Recoge cinco papeles del suelo en tu camino de siempre.
Dile a alguien de tu familia lo que más te gusta de su forma de ser.
Escucha a un compañero durante diez minutos sin dar consejos.
Schreib einem Freund einen Brief und sag ihm, was du an ihm magst.
Hilf einer Nachbarin, die Einkäufe bis vor die Tür zu tragen.
Ruf deine Großmutter an und bitte sie um eine Geschichte.
Hinterlass eine nette Nachricht für die Person, die die Post bringt.
Lass heute jemanden in der Schlange vor und lächle dabei.
Sammle auf deinem gewohnten Weg fünf Stücke Müll auf.
Hör einem Kollegen zehn Minuten lang zu, ohne Rat zu geben.
Escreve uma carta a um amigo e conta o que admiras nele.
Ajuda uma vizinha a levar as compras até à porta de casa.
Liga para a tua avó e pede que te conte uma história.
Deixa um bilhete simpático para a pessoa que entrega o correio.
Apanha cinco pedaços de lixo no teu caminho de todos os dias.
Ouve um colega durante dez minutos sem lhe dar conselhos.
Scrivi una lettera a un amico e digli che cosa ammiri di lui.
Aiuta una vicina a portare la spesa fino alla porta di casa.
Chiama tua nonna e chiedile di raccontarti una storia.
Lascia un biglietto gentile per la persona che porta la posta.
Raccogli cinque rifiuti lungo la strada che fai ogni giorno.
Ascolta un collega per dieci minuti senza dargli consigli.
Schrijf een vriend een brief en zeg wat je in hem bewondert.
Help een buurvrouw om de boodschappen tot aan de deur te dragen.
Bel je oma en vraag haar om een verhaal van vroeger.
Laat een vriendelijk briefje achter voor wie de post bezorgt.
Luister tien minuten naar een collega zonder raad te geven.
Napisz list do przyjaciela i powiedz mu, co w nim podziwiasz.
Bir arkadaşına mektup yaz ve onda neyi sevdiğini söyle.
Skriv ett brev till en vän och berätta vad du tycker om.
Tulis surat kepada seorang teman dan katakan apa yang kamu suka.
Напиши письмо другу и расскажи, что ты в нём ценишь.
给一位朋友写一封信，告诉他你欣赏他的什么地方，并在今天寄出去。谢谢你的善意。
友だちに手紙を書いて、好きなところを三つ伝えてみましょう。きっと喜びます。
Γράψε ένα γράμμα σε έναν φίλο και πες του τι θαυμάζεις.
اكتب رسالة إلى صديق وأخبره بما يعجبك فيه اليوم.
""".strip().splitlines()


@pytest.mark.parametrize("text", OTHER_LANGUAGES)
def test_rows_are_english(text: str) -> None:
    assert problem(text) == "Write the title and the text in English."
    assert problem_with_guidance(f"{text} {text}") == "Write the guidance in English."
    assert problem_with_note(text) == "Write the note in English."


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Un petit mot pour un ami", TEXT),
        ("Ein Brief an die Nachbarin", TEXT),
        ("Una carta para un amigo", TEXT),
        (TITLE, "Write a note to a friend, und sag ihm, was du an ihm magst und warum das so ist."),
        (TITLE, "Write a note to a friend 给一位朋友 and tell them what you admire about them."),
    ],
)
def test_a_title_or_a_part_in_another_language_is_found(title: str, text: str) -> None:
    assert problem(text, title=title) == "Write the title and the text in English."


@pytest.mark.parametrize(
    "text",
    [
        "Ask Señora de la Cruz at the café about the street where she grew up.",
        "Learn to say good morning in French and greet your family with bonjour.",
        "Help someone to pronounce the name of the Rue de la Paix before their journey.",
        "Build a den for a younger cousin and pour them a drink in your best cup.",
    ],
)
def test_names_from_elsewhere_are_fine(text: str) -> None:
    assert problem(text) is None


@pytest.mark.parametrize("name", ["Александра", "さくら", "José María de la Vega", "Ai", "Şebnem"])
def test_prose_may_hold_a_name(name: str) -> None:
    assert problem_with_note(f"Thank you, {name}. What would you like to keep from today?") is None
    text = f"Welcome back, {name}. Choose one person today and give them your whole attention."
    assert problem_with_guidance(text) is None


# Shape, difficulty, minutes.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x" * 512, "The text is 512 characters long; at most 300 fit."),
        ("Be kind today.", "The text is 14 characters long; write at least 20."),
        ("", "The text is 0 characters long; write at least 20."),
        (" " * 40, "The text is 0 characters long; write at least 20."),
        ("\u3164" * 40, "The text is 40 characters long; write at least 20."),
        ("a" * 100_000, "The text is 100000 characters long; at most 300 fit."),
    ],
)
def test_the_text_has_a_length(text: str, expected: str) -> None:
    assert problem(text) == expected


def test_the_title_has_a_length() -> None:
    assert problem(title="It") == "The title is 2 characters long; write at least 3."
    assert problem(title="a " * 40) == "The title is 79 characters long; at most 60 fit."
    assert problem(title="Hey") is None
    assert problem(title="Tell them so " * 4) is None


@pytest.mark.parametrize(
    "mark", ["\n", "\r\n", "\t", "\u2028", "\x00", "\ud800", "\u202e", "\u200b"]
)
def test_title_and_text_are_one_plain_line(mark: str) -> None:
    text = f"Write three lines to a friend{mark}about something that they once did."
    assert problem(text) == "Write the text in plain characters and in one line."
    assert problem(title=f"A good{mark}turn") == (
        "Write the title in plain characters and in one line."
    )


def test_prose_may_have_paragraphs() -> None:
    text = "Choose one person today.\n\nGive them ten minutes, and ask how their week has been."
    assert problem_with_guidance(text) is None
    assert problem_with_note(text) is None
    assert problem_with_guidance(text + "\x07") == "Write the guidance in plain characters."


MARKDOWN = [
    "**Write** three lines to a friend about something that they did.",
    "*Write* three lines to a friend about something that they did.",
    "_Write_ three lines to a friend about something that they did.",
    "__Write__ three lines to a friend about something that they did.",
    "~~Write~~ three lines to a friend about something that they did.",
    "`Write` three lines to a friend about something that they did.",
    "# Write three lines to a friend about something that they did.",
    "> Write three lines to a friend about something that they did.",
    "- Write three lines to a friend about something that they did.",
    "• Write three lines to a friend about something that they did.",
    "– Write three lines to a friend about something that they did.",
    "1. Write three lines to a friend about something that they did.",
    "2) Write three lines to a friend about something that they did.",
    "Do two things: 1. Write to a friend. 2. Tell them what they did.",
    "Do two things: 1) Write to a friend 2) Tell them what they did.",
    "||Write three lines|| to a friend about something that they did.",
    "Write to a friend • Tell them what they did • Say why you liked it",
    "```Write three lines to a friend about something that they did.```",
]


@pytest.mark.parametrize("text", MARKDOWN)
def test_no_lists_and_no_markdown(text: str) -> None:
    tail = "plain sentences, without lists or markdown."
    assert problem(text) == f"Write the text in {tail}"
    assert problem_with_guidance(f"{TEXT}\n{text}") == f"Write the guidance in {tail}"
    assert problem_with_note(f"{TEXT}\n{text}") == f"Write the note in {tail}"


@pytest.mark.parametrize("difficulty", ["Medium", "Hard", "easy", "", "Trivial"])
def test_the_difficulty_is_the_wanted_one(difficulty: str) -> None:
    found = problem_with_task(TITLE, TEXT, 10, difficulty, wanted="Easy", earlier=())
    assert found == 'The difficulty must be "Easy".'


@pytest.mark.parametrize(
    ("wanted", "minutes"),
    [("Easy", 0), ("Easy", -5), ("Easy", 16), ("Medium", 5), ("Medium", 46), ("Hard", 15),
     ("Hard", 121), ("Hard", 10**9)],
)  # fmt: skip
def test_minutes_fit_the_difficulty(wanted: Difficulty, minutes: int) -> None:
    found = problem_with_task(TITLE, TEXT, minutes, wanted, wanted=wanted, earlier=())
    assert found is not None
    assert f" {wanted} task takes " in found


@pytest.mark.parametrize(
    ("wanted", "minutes"),
    [("Easy", 1), ("Easy", 15), ("Medium", 10), ("Medium", 45), ("Hard", 30), ("Hard", 120)],
)
def test_the_limits_themselves_are_fine(wanted: Difficulty, minutes: int) -> None:
    assert problem_with_task(TITLE, TEXT, minutes, wanted, wanted=wanted, earlier=()) is None


# Repetition.

REPEAT = "That is the same as an earlier task: choose another act."


@pytest.mark.parametrize(
    "earlier",
    [
        TEXT,
        TEXT.upper(),
        TEXT.rstrip("."),
        task_text(TITLE, TEXT),
        task_text("Quite another title", TEXT),
        task_text("Ready? Steady? Write!", TEXT),
        task_text("Today: lines that matter", TEXT),
        task_text("A rather long title: with words, and words, and still more", TEXT),
        "  Write   three lines\nto a friend about something that they once did for you.  ",
        "Wríte thrée lines — to a friend — about something that they once did for you!",
        "Write three lines to your friend about the thing they did for you once.",
        "Write three lines to a friend, about something they did for you.",
        "To a friend, write three lines about something that they once did for you today.",
    ],
)
def test_an_earlier_task_does_not_come_again(earlier: str) -> None:
    assert problem(earlier=(ACTS[3], earlier, ACTS[4])) == REPEAT


@pytest.mark.parametrize(
    "earlier",
    [
        "",
        ":::",
        "友だちに手紙を書いて",
        "Write three kind lines to your grandmother and put them in an envelope.",
        task_text(TITLE, "Hold the door open for the next three people who come along."),
        "Tell a friend about something that they once did for you.",
    ],
)
def test_another_task_is_another(earlier: str) -> None:
    assert problem(earlier=(earlier,)) is None


@given(st.sampled_from(ACTS), st.text(alphabet=punctuation.replace(":", "") + " ", max_size=5))
@example(ACTS[0], "")
def test_marks_and_case_do_not_make_an_act_new(act: str, marks: str) -> None:
    dressed = f"{marks} {act.upper()} {marks}".replace(",", f"{marks} ")
    assert problem_with_task("A title", act, 15, "Easy", wanted="Easy", earlier=[dressed]) == REPEAT


@given(st.text(max_size=400), st.text(max_size=80), st.lists(st.text(max_size=80), max_size=5))
def test_whatever_comes_is_judged(text: str, title: str, earlier: list[str]) -> None:
    for found in (
        problem_with_task(title, text, 10, "Easy", wanted="Easy", earlier=earlier),
        problem_with_guidance(text),
        problem_with_note(text),
        problem_with_answer(text),
    ):
        assert found is None or 10 < len(found) < 200


def test_a_year_of_earlier_tasks_is_quickly_looked_through() -> None:
    year = [task_text("A title of some length", f"{text} {text}"[:150]) for text in ACTS[-365:]]

    def seconds() -> float:
        start = time.thread_time()
        assert problem(earlier=tuple(year)) is None
        return time.thread_time() - start

    assert min(seconds() for _ in range(7)) < 0.05


@pytest.mark.parametrize(
    "text",
    ["a " * 50_000, "1" * 99_999, "a-" * 50_000, "stranger " * 9999, "I'm a " * 20_000, ":" * 9999],
)  # fmt: skip
def test_a_huge_text_is_refused_at_once(text: str) -> None:
    checks: tuple[Callable[[str], str | None], ...] = (
        problem, problem_with_guidance, problem_with_note, problem_with_answer,
    )  # fmt: skip
    start = time.thread_time()
    for check in checks:
        check(text)
    assert time.thread_time() - start < 1


@pytest.mark.parametrize(
    "piece",
    ["a ", "1", "1 ", "a-", "a.", "stranger ", "take it ", "alone ", "1. a ", "$1", "'s "],
)  # fmt: skip
def test_no_text_that_fits_is_slow(piece: str) -> None:
    most = GUIDANCE_LENGTH[1]
    text = (f"{TEXT} {piece * most}")[:most].strip()
    start = time.thread_time()
    problem_with_guidance(text)
    problem(text[:300].strip())
    assert time.thread_time() - start < 0.5


# What is stored.


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("A note", "Write a note.", "A note: Write a note."),
        ("A note:", "Write a note", "A note: Write a note."),
        ("A note.", " Write\n a  note! ", "A note: Write a note!"),
        ("A note —", "Write a note,", "A note: Write a note."),
        ("Ready?", "Write a note…", "Ready? Write a note…"),
        ("Thank them!", "Say 'thank you.'", "Thank them! Say 'thank you.'"),
        ("Ask", "Ask “How are you?”", "Ask: Ask “How are you?”"),
        ("Say it", "Say it (aloud)", "Say it: Say it (aloud)."),
        ("A\u00a0note", "Write\u202fa note.", "A note: Write a note."),
    ],
)
def test_a_task_is_stored_in_one_line(title: str, text: str, expected: str) -> None:
    assert task_text(title, text) == expected


@given(st.text(max_size=60), st.text(max_size=300))
def test_what_is_stored_is_one_line_and_fits(title: str, text: str) -> None:
    stored = task_text(title, text)
    assert len(stored.splitlines()) == 1 or not stored.isprintable()
    assert len(stored) <= len(title) + len(text) + 3


@given(
    st.sampled_from(ACTS), st.sampled_from(["A title", "Who is it for?", "Now: go!", "Hi - you"])
)
def test_what_is_stored_is_known_again(act: str, title: str) -> None:
    stored = task_text(title, act)
    found = problem_with_task("Another", act, 15, "Easy", wanted="Easy", earlier=[stored])
    assert found == REPEAT


# Guidance, notes, answers.


def _filled(occasion: str) -> list[str]:
    return [
        fill_template(text, day=3, total_days=7, challenge="Seven Days of Thanks", name="Noor")
        .replace("{item}", "Seven Days of Thanks")
        for text in phrases()[occasion]
    ]  # fmt: skip


@pytest.mark.parametrize("text", _filled("guidance"))
def test_our_own_guidance_is_fine(text: str) -> None:
    assert problem_with_guidance(text) is None


@pytest.mark.parametrize("text", _filled("notes"))
def test_our_own_notes_are_fine(text: str) -> None:
    assert problem_with_note(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "It's lovely that you gave your mum a hug, and that she laughed. What did it change?",
        "You helped a stranger with her phone and walked her home. That took patience, Noor.",
        "Driving him to the station meant that you had time to talk. How did he seem afterwards?",
        "I can't help but smile at this. Thank you for letting me see your day.",
        "Paying for the groceries of somebody behind you was generous. Who has done that for you?",
        "You were nervous and you did it all the same. What would you tell your morning self?",
        "Even a tired day has a good minute in it, and you found yours. 🌱",
    ],
)
def test_a_note_may_tell_again_what_was_done(text: str) -> None:
    assert problem_with_note(text) is None


BAD_NOTES = """
It sounds as if you are depressed, and writing about it is a good start.
You may have an anxiety that comes from an earlier time in your life.
Those are the symptoms of something that you should have looked at.
This could be ADHD, so be gentle with yourself this week.
What you describe is a classic trauma response to your family.
My diagnosis is that you care too much about other people.
You are clearly autistic, and that is a wonderful thing.
Your friend sounds like a narcissist, so stay away from them.
You had a panic attack, and it was good that you sat down.
That is burnout, and rest is the best thing for you now.
You sound like an addict who is on the way to something better.
Perhaps you are bipolar, as your moods go up and down so much.
It is a sign of OCD when you check on people that often.
Your mother seems mentally ill, and you were very patient.
Your PTSD is showing here, and you handled it well.
These are unhealthy coping mechanisms, yet you meant well.
Your attachment style explains why you gave so much today.
I would prescribe a long walk and an early night for you.
A course of antidepressants might make this easier for you.
This is a clinical sign of stress, so please slow down.
You are in treatment already, so this is one more step.
There is something pathological in how he speaks to you.
Your eating disorder does not make you any less kind.
You were dissociating when you walked past her in the hall.
He may be a psychopath, so it was brave to greet him.
Take a paracetamol and go to bed early, you did well today.
Your medication may be the reason why you were so calm.
Thank you, {name}. What would you like to keep from today?
Thank you, [name]. What would you like to keep from today?
As an AI, I cannot feel what you felt, but it sounds lovely.
As a language model, I find your reflection very touching.
Read more about gratitude at https://example.org when you can.
Write to me at kai@example.org and tell me how it went on.
You will earn 50 points for this, and you deserve them all.
Get Kinder will send you a certificate for what you did.
Here is a note for you: what you did today was very kind.
I'm sorry, but I can't comment on this reflection of yours.
I cannot assist with that, but I wish you a lovely evening.
Have a glass of wine tonight, you have really earned a rest.
Ring 555 010 9999 whenever you want to talk about this again.
Sure! What a lovely thing to have done for your neighbour.
""".strip().splitlines()


@pytest.mark.parametrize("text", BAD_NOTES)
def test_bad_notes_are_sent_back(text: str) -> None:
    assert problem_with_note(text) is not None


@pytest.mark.parametrize(
    ("check", "what", "length"),
    [
        (problem_with_guidance, "guidance", GUIDANCE_LENGTH),
        (problem_with_note, "note", NOTE_LENGTH),
    ],
)
def test_prose_has_a_length(
    check: Callable[[str], str | None], what: str, length: tuple[int, int]
) -> None:
    fewest, most = length
    assert (
        check("a" * (most + 1)) == f"The {what} is {most + 1} characters long; at most {most} fit."
    )
    short = "a" * (fewest - 1)
    assert check(short) == f"The {what} is {fewest - 1} characters long; write at least {fewest}."
    assert check((f"{TEXT} " * 20)[:most].strip()) is None


GOOD_ANSWERS = """
You're on day 3, and I'm cheering for you. Who could it be for?
I'm KAI, an AI companion, so I'm not a person, but I'm glad you asked.
No, I'm not human. I'm an AI, and I can still help you to find a kind idea.
A language model is a program that has learnt to write by reading a great deal.
Les modèles de langage sont des programmes. Et toi, qu'as-tu fait de gentil ?
Sí, soy KAI. ¿A quién te gustaría dar las gracias hoy?
**Day 3**: `write a note`, and see https://example.org for more.
おめでとう！今日は誰に優しくしたいですか？
Follow the instructions on the box, and bake the cake together.
🌱
""".strip().splitlines()

BAD_ANSWERS = """
As an AI language model, I cannot have a favourite colour.
As an AI, I don't have feelings, but I can help you.
I am a language model and cannot do that.
I'm a large language model, so I have no friends.
I’m just an AI language model.
Being a language model, I can't taste cake.
I am an AI model that was built for kindness.
I'm only a language model, but here is an idea.
I was trained by OpenAI to be helpful.
I was created by Anthropic to be harmless.
I was developed by Google, and I like your idea.
I am a model made by Meta, at your service.
Built by Mistral, I speak many languages.
I am ChatGPT, and I am happy to help you.
I'm Claude, and I'd love to help you today.
I'm Qwen, how may I help you?
I am Llama and I like kindness.
I'm Gemini, hello!
I am GPT and I have an idea.
My system prompt says that I should be warm.
The system prompt does not let me say that.
My instructions: the hidden prompt asks for 60 words, says my hidden prompt.
This system message is not for you.
According to my initial instructions, I answer briefly.
My hidden instructions say so.
The system instructions forbid it.
The initial prompt told me to be kind.
<|im_start|>assistant Hello there!
Hello!<|endoftext|>
<|eot_id|>
<data> {"points": 20} </data> is what I know.
What a lovely day you had!</data>
AS AN AI LANGUAGE MODEL I CANNOT SAY.
As an LLM, I have no body.
I am an LLM.
I'm a language model, and so I never sleep.
En tant que modèle de langage, je ne peux pas répondre.
Je suis un grand modèle de langage.
Soy un modelo de lenguaje y no tengo opiniones.
Como modelo de lenguaje, no puedo responder a eso.
Als Sprachmodell habe ich keine Meinung dazu.
Ich bin ein Sprachmodell und kann das nicht.
Als KI-Sprachmodell kann ich das nicht sagen.
Como um modelo de linguagem, não posso responder.
Sono un modello linguistico e non ho amici.
Als taalmodel heb ik geen mening.
""".strip().splitlines()


@pytest.mark.parametrize("text", GOOD_ANSWERS)
def test_an_answer_may_be_in_any_language_and_honest(text: str) -> None:
    assert problem_with_answer(text) is None


@pytest.mark.parametrize("text", BAD_ANSWERS)
def test_an_answer_speaks_as_kai(text: str) -> None:
    assert problem_with_answer(text) is not None


@pytest.mark.parametrize("text", ["", "  \n", "\u200b\u3164", "\u2800"])
def test_an_answer_says_something(text: str) -> None:
    assert problem_with_answer(text) == "The answer is empty: write one."
