"""Who calls, what each route needs, tokens, and the brake on guessing; nothing here knows what is asked."""
