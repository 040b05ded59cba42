"""`python -m bot kai …`: trying the model that KAI speaks with."""

from typing import Annotated

import typer

from bot.actions.services import utcnow
from bot.commands.common import carry_out, out, progressbar
from bot.kai import evaluation, trying
from bot.kai.companion import Kai
from bot.kai.safety import concern_of
from bot.model import opened_voice
from bot.opening import StartError
from bot.settings import Settings


def ask(
    message: Annotated[str, typer.Argument(help="What a member might write to KAI.")],
) -> None:
    """Ask the configured model something, and print the row that the turn would write.

    Nothing is written. KAI's tools are left out: they belong to a member.
    """

    async def work(settings: Settings) -> None:
        async with opened_voice(settings) as voice:
            tried = await trying.ask(Kai(voice, seconds=settings.kai_seconds), message, utcnow())
        for column, value in trying.row_of(message, tried.words).items():
            out.print(f"{column:>18}  {value}", markup=False)
        by = settings.kai_model if voice is not None and tried.words.fell_back is None else "KAI"
        out.print(f"{by} answered in {tried.seconds:.1f} s.")
        if tried.words.fell_back is not None:
            raise StartError(
                f"The model had no answer ({tried.words.fell_back}), so the offline voice spoke: "
                "the log above says more."
            )

    carry_out(work)


def evaluate() -> None:
    """Score the safety check, and the configured model apart from it, on the evaluation texts."""

    async def work(settings: Settings) -> None:
        texts = evaluation.load()
        own = [evaluation.Verdict(text, concern_of(text.text)) for text in texts]
        _print_score("The safety check", own)
        async with opened_voice(settings) as voice:
            if voice is None or settings.kai_model is None:
                out.print("No model is configured (KAI_MODEL), so none was scored.")
                return
            with progressbar(len(texts)) as bar:
                verdicts = await trying.evaluate(
                    voice,
                    texts,
                    utcnow(),
                    settings.kai_seconds,
                    lambda: bar.update(1),
                )
        _print_score(settings.kai_model, verdicts)

    carry_out(work)


def _print_score(title: str, verdicts: list[evaluation.Verdict]) -> None:
    for text in evaluation.lines(title, evaluation.score(verdicts)):
        out.print(text, markup=False)
