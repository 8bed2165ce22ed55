"""Statistics of votes: for pictures, for pairs, for voters, and for a new model and its parent.

`beta`: a picture's share of upvotes, with an interval. `pairs`: strengths from duels and rankings.
`board`: a leaderboard that few votes cannot climb. `asking`: the most informative pair.
`agreement`: how far voters agree, and how well a vote can be predicted. `trust`: how much a voter
counts. `sequential`: when a blind test is decided.

The bot and the trainers call it. Torch-free and pure; it reads no clock, and knows only numbers: no
store, no guild, no picture. Only `pairs`, and with it `board`, needs numpy.
"""
