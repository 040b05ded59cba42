"""How things look and answer: cards, buttons, forms, and the words on them."""
