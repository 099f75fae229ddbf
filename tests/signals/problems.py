"""Made-up incidents of known problems, told each time in other words, in four languages."""

import numpy as np

from tocsin.signals.similar import Text

SYMPTOMS = (
    ("cannot log in", "login fails", "sign-in is refused", "Anmeldung nicht möglich"),
    ("very slow", "takes minutes to answer", "performance problem", "sehr langsam"),
    ("crashes at start", "closes by itself", "stops unexpectedly", "plante au démarrage"),
    ("does not print", "print jobs hang", "nothing comes out of the printer", "Drucker steht"),
    ("connection lost", "no network", "link is down", "pas de connexion réseau"),
    ("data are missing", "records have vanished", "report is empty", "faltan datos"),
    ("error when saving", "cannot save", "write fails", "Fehler beim Speichern"),
    ("mail is not delivered", "messages bounce", "mail queue grows", "correo no llega"),
)
NAMES = (
    "orion atlas mercury falcon zephyr nimbus pegasus quartz titan vega lyra hermes "
    "apollo draco phoenix cygnus corvus gemini"
).split()
PLACES = "Vienna Graz Linz Porto Lisboa Lyon Madrid Leeds Turin Basel Gdansk Malmö".split()
NOISE = (
    "please help", "since this morning", "after the weekend", "user called twice", "urgent",
    "several colleagues too", "restart did not help", "seit heute früh", "depuis hier",
    "see screenshot", "worked yesterday", "happens now and then",
)  # fmt: skip


class Problems:
    """Problems that each have a symptom, an application, a machine and an error code."""

    def __init__(self, dice: np.random.Generator, count: int) -> None:
        self.dice, self.count = dice, count
        self.symptom = dice.integers(0, len(SYMPTOMS), count)
        self.name = dice.integers(0, len(NAMES), count)
        self.machine = dice.integers(1, 60, count)
        self.code = dice.integers(600, 680, count)

    def incident(self, problem: int, number: int) -> Text:
        """One more of a problem. Four in ten do not say the code, and as many not the machine."""
        machine = f"srv-{NAMES[self.name[problem]]}-{self.machine[problem]:02}"
        said = [self._one_of(SYMPTOMS[self.symptom[problem]])]
        said.insert(int(self.dice.integers(0, 2)), NAMES[self.name[problem]].capitalize())
        told = [self._one_of(NOISE), self._one_of(PLACES), self._one_of(NOISE)]
        if self.dice.random() < 0.6:
            told.append(f"ORA-{self.code[problem]:05}")
        if self.dice.random() < 0.6:
            told.append(machine.upper() if self.dice.random() < 0.5 else machine)
        told = [told[n] for n in self.dice.permutation(len(told))]
        return Text(
            incident_id=f"{problem}-{number}",
            reference=f"INC{number:07}",
            title=" ".join(said),
            description=", ".join(told),
            category=f"category {self.symptom[problem]}",
            service=NAMES[self.name[problem]],
            item=machine if self.dice.random() < 0.5 else None,
        )

    def incidents(self, each: int) -> list[Text]:
        """So many of every problem, in any order."""
        of = self.dice.permutation(np.repeat(np.arange(self.count), each))
        return [self.incident(int(problem), n) for n, problem in enumerate(of)]

    def _one_of(self, words: tuple[str, ...] | list[str]) -> str:
        return words[int(self.dice.integers(0, len(words)))]


def problem_of(incident_id: str) -> str:
    return incident_id.partition("-")[0]
