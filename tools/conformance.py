#!/usr/bin/env python3
"""The rows of tests/conformance.toml and the tests that show them.

A test shows a row by bearing its id: `TEST(Subject, R5_WhatHolds)`, `def test_R5_what_holds`, or a
line `# id: R5` in a dialogue.

    conformance.py page             prints docs/conformance.md; fails where a row has no test
    conformance.py rows RESULTS     prints each row with the outcome of its tests
    conformance.py filter           the ids as a pattern for GoogleTest
    conformance.py files            files of tests/system that hold a test of a row
"""

import json
import pathlib
import re
import sys
import tomllib

TOP = pathlib.Path(__file__).resolve().parent.parent
ID = r"[HLRTS][1-9]"
IDS = rf"((?:{ID}_)+)"
GTEST = re.compile(rf"^TEST(?:_F|_P)?\(\s*(\w+),\s*({IDS}\w+)\s*\)", re.MULTILINE)
PYTEST = re.compile(rf"^class (\w+)|^    def (test_{IDS}\w+)", re.MULTILINE)
DIALOGUE = re.compile(r"^# id:(.*)$", re.MULTILINE)


def table():
    return tomllib.loads((TOP / "tests/conformance.toml").read_text())


def shown():
    """(ids, name, file) of each test that shows a row; `name` as results have it."""
    for file in sorted((TOP / "tests/unit").rglob("*_test.cc")):
        for suite, name, ids in GTEST.findall(file.read_text()):
            yield re.findall(ID, ids), f"{suite}.{name}", file
    for file in sorted((TOP / "tests/dialogues").glob("*.dialogue")):
        for ids in DIALOGUE.findall(file.read_text()):
            yield re.findall(ID, ids), f"dialogue {file.stem}", file
    for file in sorted((TOP / "tests/system").glob("test_*.py")):
        for _, name, ids in PYTEST.findall(file.read_text()):
            if name:
                yield re.findall(ID, ids), name, file


def tests_by_row():
    rows = {row["id"]: [] for row in table()["row"]}
    for ids, name, file in shown():
        for one in ids:
            if one not in rows:
                sys.exit(f"{file.relative_to(TOP)}: {name} names {one}, which is no row")
            rows[one].append((name, file))
    return rows


def page():
    rows = tests_by_row()
    without = [one for one, tests in rows.items() if not tests]
    if without:
        sys.exit(f"rows without a test: {' '.join(without)}")
    print("# Conformance\n\nWhat the documents ask for that this project began with, and the tests"
          " that show it. The page is made by `tools/conformance.py page`; a row without a test"
          " makes it fail. `./dev test conformance` runs the tests and prints each row's outcome.")
    for group in table()["group"]:
        print(f"\n## {group['name']}: {group['title']}\n\n| id | asks | setting | shown by |\n"
              "|---|---|---|---|")
        for row in table()["row"]:
            if row["id"].startswith(group["name"]):
                tests = ", ".join(f"[{name.replace('_', chr(92) + '_')}](../{file.relative_to(TOP)})"
                                  for name, file in rows[row["id"]])
                print(f"| {row['id']} | {row['asks']} | {row['setting']} | {tests} |")
    print("\nSMTP has no datagram form, so DTLS has no place here; RFC 8446 appendix E.5 wants a"
          " profile for early data, none exists for SMTP, and it is refused.")


def outcomes(folder):
    """name -> passed, failed or `skipped: why`, of all result files."""
    found = {}
    for file in sorted(pathlib.Path(folder).glob("*.json")):
        for suite in json.loads(file.read_text())["testsuites"]:
            for test in suite["testsuite"]:
                # `All/Suite` and `Name/0`, where a test has parameters
                name = f"{suite['name'].split('/')[-1]}.{test['name'].split('/')[0]}"
                if suite["name"].startswith("All/Dialogues"):
                    name = "dialogue " + test["name"].split("/")[-1]
                outcome = "failed" if test.get("failures") else "passed"
                if test.get("result") == "SKIPPED":
                    why = test.get("skipped", [{"message": "see the test's output"}])
                    outcome = "skipped: " + why[0]["message"].split("\n")[-1]
                found[name] = max(found.get(name, "passed"), outcome, key=severity)
    for file in sorted(pathlib.Path(folder).glob("*.txt")):
        for name, result in re.findall(r"^(test_\w+) \([^)]*\)(?:\n[^\n]*)? \.\.\. (?:.*?)"
                                       r"(ok|FAIL|ERROR|skipped '[^\n]*')$",
                                       file.read_text(), re.MULTILINE | re.DOTALL):
            outcome = {"ok": "passed", "FAIL": "failed", "ERROR": "failed"}.get(result)
            found[name] = outcome or "skipped: " + result[9:-1]
    return found


def severity(outcome):
    return ("passed", "skipped", "failed").index(outcome.split(":")[0])


def print_rows(folder):
    found, good = outcomes(folder), True
    for one, tests in tests_by_row().items():
        results = [found.get(name, "not run") for name, _ in tests]
        passed = sum(result == "passed" for result in results)
        skipped = passed > 0 and not {"failed", "not run"} & set(results)
        word = "pass" if passed == len(tests) > 0 else "part" if skipped else "FAIL"
        print(f"{one}  {word}  {passed} of {len(tests)} tests")
        for (name, _), result in zip(tests, results):
            if result != "passed":
                print(f"      {name}: {result}")
        good = good and word != "FAIL"
    sys.exit(0 if good else 1)


def main(arguments):
    if arguments == ["page"]:
        page()
    elif arguments == ["filter"]:
        print(":".join([f"*.{row['id']}_*" for row in table()["row"]] + ["All/Dialogues.*"]))
    elif arguments == ["files"]:
        print("\n".join(sorted({str(file.relative_to(TOP)) for _, _, file in shown()
                                if file.suffix == ".py"})))
    elif len(arguments) == 2 and arguments[0] == "rows":
        print_rows(arguments[1])
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
