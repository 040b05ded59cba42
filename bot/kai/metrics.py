"""KAI's turns in Prometheus' terms."""

from prometheus_client import Counter, Histogram

TURNS = Counter(
    "kai_turns_total", "KAI's turns, by what was asked and whose words they were", ["kind", "voice"]
)
SECONDS = Histogram(
    "kai_turn_seconds",
    "How long KAI took for its words",
    ["kind", "voice"],
    buckets=(0.005, 0.05, 0.25, 0.5, 1, 2, 4, 8, 12, 16, 20, 25),
)
TOKENS = Counter("kai_tokens_total", "Tokens that the model read and wrote", ["kind"])
FALLBACKS = Counter(
    "kai_fallbacks_total", "Turns in which the offline voice spoke for the model", ["kind", "cause"]
)
