"""What synthetic essays are about: kinds of sentences, how traits move their rates, and the words that fill them.

The directions are those found in real texts. Sizes are free: real correlations of .1 to .2 would ask for thousands of
texts, these are several times as strong, so that a small network finds them and still errs. PK: Pennebaker and King
1999 (JPSP 77(6)); M: Mairesse et al. 2007 (JAIR 30), on the same essays; Y: Yarkoni 2010 (JRP 44(3)), on blogs.
"""

from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of sentence.

    Attributes:
        rate: how often it comes, in proportion to the others, where no trait moves it.
        effects: trait -> change of the logarithm of the rate for a score of one.
        forms: sentences; `{slot}` is filled from `WORDS`, `{who}` by a person.
    """

    rate: float
    effects: dict[str, float]
    forms: tuple[str, ...]


KINDS: dict[str, Kind] = {
    # social words and positive emotion rise with extraversion (PK, M, Y); friends and leisure too (Y)
    "social": Kind(
        1.0,
        {"EXT": 0.75, "NEU": -0.15},
        (
            "we all went to {outing} {when} and talked to everybody",
            "my friends called and asked us to come to {outing}",
            "everyone at {outing} was laughing and dancing",
            "{name} and I met so many people at {outing} {when}",
            "I told {name} about {outing} and we talked for hours",
            "there was a crowd at {outing} and we joined the group",
        ),
    ),
    "alone": Kind(
        0.7,
        {"EXT": -0.75, "OPN": 0.1},
        (
            "I stayed in my room {when} and it was quiet",
            "I would rather sit by myself than go to {outing}",
            "maybe I am just not a person who likes {outing}",
            "I kept to myself {place} and perhaps nobody noticed",
            "I guess silence is easier for me than a room full of strangers",
        ),
    ),
    # positive emotion: extraversion and agreeableness up, neuroticism down (PK, M, Y)
    "glad": Kind(
        0.9,
        {"EXT": 0.45, "AGR": 0.3, "NEU": -0.45},
        (
            "I feel {glad} about {thing}",
            "{thing} was {fine} and it made me {glad}",
            "what a {fine} day it was {when}",
            "I am so {glad} that {name} likes {thing}",
            "today I feel {glad} and {thing} is {fine}",
        ),
    ),
    # communion, family and "we" rise with agreeableness, anger and swearing fall (PK, M, Y)
    "caring": Kind(
        0.8,
        {"AGR": 0.8, "EXT": 0.15},
        (
            "I hope {name} feels better and I want to help",
            "we should be kind to {name} because we care",
            "I love {name} and I am thankful for our time together",
            "I wrote {name} a letter to say thank you",
            "it is good to forgive and to share what we have",
            "I hugged {name} and we were happy together",
        ),
    ),
    "angry": Kind(
        0.6,
        {"AGR": -0.85, "NEU": 0.15, "CON": -0.2},
        (
            "I hate {thing} and I hate every minute {place}",
            "{name} is {bad} and I am {mad} about it",
            "damn, {thing} is a {bad} mess again",
            "I was so {mad} that I yelled at {name}",
            "people are {bad} and I wanted to fight with {name}",
        ),
    ),
    # negative affect and the first person singular rise with neuroticism (PK, M, Y)
    "anxious": Kind(
        0.8,
        {"NEU": 0.8, "CON": -0.1},
        (
            "I am {afraid} about {thing} and I cannot stop it",
            "I worry that I will fail and that {name} will leave me",
            "my stomach hurts when I think of {thing}",
            "I feel {afraid} and I do not know what is wrong with me",
            "I could not sleep because I was {afraid} of {thing}",
        ),
    ),
    "sad": Kind(
        0.5,
        {"NEU": 0.6, "EXT": -0.2},
        (
            "I am {sad} and I miss {name}",
            "I cried {when} because of {thing}",
            "I feel {sad} and I hate myself for it",
            "everything hurts me and I feel {sad}",
        ),
    ),
    # achievement rises with conscientiousness; negations and discrepancies ("should have") fall (PK, M, Y)
    "achieving": Kind(
        0.9,
        {"CON": 0.85},
        (
            "I finished {task} {when} as I had planned",
            "I made a list for {task} and checked it twice",
            "my goal is to work hard and to succeed in {task}",
            "I was on time and {task} is complete",
            "I got up early to practise and to improve {task}",
        ),
    ),
    "putting_off": Kind(
        0.7,
        {"CON": -0.85},
        (
            "I should have started {task} but I did not",
            "I never did {task} and I do not care",
            "I lost my notes and forgot {task} again",
            "I was late and I had nothing ready for {task}",
            "I could do {task} now but I would rather watch television",
        ),
    ),
    # articles, insight, long words, art and books rise with openness; school, home and the daily round fall (PK, M, Y)
    "insight": Kind(
        0.8,
        {"OPN": 0.8},
        (
            "I wonder about the meaning of the {idea} and the {idea}",
            "the {idea} is a mystery that the mind can only imagine",
            "I realised that the {idea} resembles a {art}",
            "I thought about the nature of the {idea} {when}",
            "a {strange} {idea} appeared in the middle of the night",
        ),
    ),
    "art": Kind(
        0.6,
        {"OPN": 0.65},
        (
            "the {art} on the wall had a {strange} beauty",
            "I read the {art} again and the {idea} in it",
            "I heard a {strange} {art} and wanted to write a {art}",
            "the museum showed a {art} of the {idea}",
        ),
    ),
    "round": Kind(
        0.8,
        {"OPN": -0.7},
        (
            "my mom called from home and we talked about school",
            "the football game is on and my team plays {when}",
            "classes are the same and home is the same as always",
            "I want to go home and eat what my mom cooks",
            "church is on Sunday and then school starts again",
        ),
    ),
    # what everybody writes about: no trait moves it
    "daily": Kind(
        1.8,
        {},
        (
            "{who} {did} {place} {when}",
            "{who} {did} {when} and then {did} {place}",
            "{when} {who} {did} with {name}",
            "it was {weather} when {who} {did}",
        ),
    ),
    "senses": Kind(
        1.2,
        {},
        (
            "the {object} in the room is {look}",
            "I can hear the {object} from here and it is {look}",
            "my chair is {look} and the {object} makes a noise",
            "I look at the {object} and it is {look} as ever",
        ),
    ),
    "writing": Kind(
        1.0,
        {},
        (
            "I have to write for twenty minutes and it is {weather} outside",
            "I am still typing and my hands are {look}",
            "what else can I write about, the {object} perhaps",
            "my mind jumps from the {object} to the {object}",
        ),
    ),
}

WORDS: dict[str, tuple[str, ...]] = {
    "outing": ("the party", "the dance", "the concert", "a big dinner", "the game night", "the club", "the parade"),
    "when": ("today", "last night", "this morning", "yesterday", "on Friday", "all week", "in the evening", "at noon"),
    "name": ("my roommate", "Anna", "my brother", "Carlos", "my neighbour", "Mei", "my sister", "David", "my cousin"),
    "thing": ("the exam", "my job", "the weather", "this class", "the trip", "my car", "the phone call", "the news"),
    "place": ("at the library", "in the kitchen", "downtown", "on the bus", "at the store", "in the park", "upstairs"),
    "glad": ("happy", "excited", "great", "cheerful", "glad", "lucky", "proud", "delighted"),
    "fine": ("wonderful", "fun", "awesome", "beautiful", "nice", "perfect", "lovely"),
    "mad": ("angry", "furious", "annoyed", "mad", "pissed", "fed up"),
    "bad": ("stupid", "awful", "rude", "worthless", "ridiculous", "selfish", "hateful"),
    "afraid": ("nervous", "worried", "scared", "afraid", "stressed", "tense", "anxious", "ashamed"),
    "sad": ("lonely", "sad", "miserable", "depressed", "hopeless", "tired of it all", "empty"),
    "task": ("my homework", "the report", "my training", "the project", "the laundry", "my paper", "the assignment"),
    "idea": ("universe", "dream", "language", "soul", "imagination", "philosophy", "memory", "symbol", "culture"),
    "art": ("poem", "painting", "novel", "melody", "film", "sculpture", "story", "photograph"),
    "strange": ("curious", "strange", "vivid", "unusual", "profound", "surreal", "complex"),
    "did": ("walked around", "ate a sandwich", "waited", "drank coffee", "bought a pen", "took the long way",
            "looked for a seat", "cleaned the desk", "listened to the radio", "watched the rain", "parked the car"),
    "weather": ("cold", "raining", "hot", "cloudy", "windy", "dark", "sunny", "humid"),
    "object": ("clock", "lamp", "window", "computer", "keyboard", "door", "fan", "carpet", "mirror", "bottle", "shelf"),
    "look": ("old", "small", "blue", "warm", "broken", "loud", "grey", "heavy", "soft", "new"),
}  # fmt: skip

#: beginnings of sentences: tentative ones are of introverts (PK, M), the others of anybody
OPENERS = ("well,", "anyway,", "so", "and", "right now", "okay,", "then", "by the way,")
TENTATIVE = ("maybe", "I guess", "perhaps", "I suppose", "it seems")
#: who does what is done daily: the first person singular rises with neuroticism and falls with openness (PK, Y),
#: "we" rises with extraversion and agreeableness (PK, Y)
ME, WE, OTHERS = "I", "we", ("my roommate", "the man next door", "somebody", "a friend of mine", "the teacher", "they")
