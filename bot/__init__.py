"""The Get Kinder Discord bot.

Time zones come from the pinned `tzdata` package alone, so that every machine agrees on them.
"""

import zoneinfo

zoneinfo.reset_tzpath(())
