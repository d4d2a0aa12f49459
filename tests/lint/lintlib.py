"""What the lint checks share: TAP, and C text without its comments and strings."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Tap:
    """Checks in order; each fails with the list of what is wrong."""

    def __init__(self):
        self.count = 0

    def check(self, name, problems):
        self.count += 1
        problems = list(problems)
        print(f"{'not ok' if problems else 'ok'} {self.count} - {name}")
        for problem in problems[:100]:
            for line in str(problem).splitlines():
                print(f"# {line}")
        if len(problems) > 100:
            print(f"# and {len(problems) - 100} more")

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}")

    def end(self):
        print(f"1..{self.count}", flush=True)


def sources(*folders, ends=(".c", ".h")):
    """Files below the folders of the source tree, in a stable order."""
    found = []
    for folder in folders:
        found += [p for p in sorted((ROOT / folder).rglob("*")) if p.is_file() and p.name.endswith(tuple(ends))]
    return found


_TOKEN = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)


def bare(text, strings=False):
    """C text with comments (and strings, unless they are wanted) made blank; lines stay where they are."""

    def blank(found):
        word = found.group(0)
        if word[0] in "\"'":
            return word if strings else word[0] + " " * (len(word) - 2) + word[0]
        return re.sub(r"[^\n]", " ", word)

    return _TOKEN.sub(blank, text)


def where(path, text, offset):
    return f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, offset) + 1}"
