"""What votes say: of a picture, of pairs, of voters and of a new model against its parent.

`beta`: a picture's share of upvotes, with an interval. `pairs`: strengths out of duels and
rankings. `board`: a leaderboard that few votes cannot climb. `asking`: the pair whose answer tells
most. `agreement`: how far voters agree, and how well anybody can predict them. `trust`: how much a
voter counts. `sequential`: when a blind test is decided.

The bot and the trainers call it. It is torch-free and pure, reads no clock, and knows of numbers
alone: no store, no guild, no picture. Only `pairs`, and with it `board`, needs numpy.
"""
