"""One module per slash-command group: parse, one action, render. They load as extensions."""
