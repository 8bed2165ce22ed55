"""What members read above lists of the best pictures. Pure text."""

from __future__ import annotations

from bot.words.speaking import Message

#: What is chosen from, as Discord shows it.
PERIODS = (Message("day"), Message("week"), Message("month"), Message("all"))
#: By how far a list looks back.
BEST = {
    "day": Message("**The best pictures of the last 24 hours**"),
    "week": Message("**The best pictures of the last week**"),
    "month": Message("**The best pictures of the last month**"),
    "all": Message("**The best pictures of all time**"),
}
WINNERS = {
    "day": Message("**The pictures that won the most duels in the last 24 hours**"),
    "week": Message("**The pictures that won the most duels in the last week**"),
    "month": Message("**The pictures that won the most duels in the last month**"),
    "all": Message("**The pictures that won the most duels of all time**"),
}
NO_VOTES = {
    "day": Message("No picture of the last 24 hours that I may show here has a vote yet."),
    "week": Message("No picture of the last week that I may show here has a vote yet."),
    "month": Message("No picture of the last month that I may show here has a vote yet."),
    "all": Message("No picture that I may show here has a vote yet."),
}
HOW_TO_VOTE = Message("React under one you like! Votes on your own pictures don't count.")
NO_WINNERS = {
    "day": Message("No picture of the last 24 hours that I may show here has won a duel yet."),
    "week": Message("No picture of the last week that I may show here has won a duel yet."),
    "month": Message("No picture of the last month that I may show here has won a duel yet."),
    "all": Message("No picture that I may show here has won a duel yet."),
}
HOW_TO_DUEL = Message("`/duel rate` asks you, `/duel party` asks everybody in this channel.")
