#!/usr/bin/env python3
"""The rules of CONTRIBUTING.md that a machine can keep. Prints `file:line: rule` for each breach."""

import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent

# ARCHITECTURE.md, "Modules": which may use which. CMakeLists.txt says the same for the linker.
MAY_USE = {
    "base": "",
    "smtp": "base",
    "mail": "base",
    "trust": "base",
    "tls": "base trust",
    "dns": "base",
    "fetch": "base",
    "store": "base",
    "net": "base tls",
    "queue": "base mail store",
    "receive": "base smtp mail trust tls dns net queue",
    "policy": "base trust dns store fetch",
    "report": "base mail trust dns store fetch queue",
    "deliver": "base smtp mail trust tls dns net queue policy report",
    "console": "base mail trust net queue",
    "bench": "base smtp trust tls net deliver",
    "app": "base smtp mail trust tls dns fetch store policy net queue report receive deliver console "
           "bench",
}
# A foreign library is seen in its own modules alone.
FOREIGN = {
    r"openssl/": "tls",
    r"rocksdb/": "store",
    r"unbound\.h": "dns",
    r"idn2\.h": "smtp",
    r"curl/": "fetch",
    r"boost/asio": "dns fetch policy net queue report receive deliver console bench app",
    r"boost/json": "base policy report console app",
    r"zlib\.h": "report",
    r"toml\+\+/|toml\.hpp": "app",
    r"CLI/": "app",
}
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_LINE = 400, 70, 100
CONTROL = re.compile(r"\b(if|for|while|switch|else|do|try|catch)\b[^;{}]*$")
SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|concept|extern)\b[^;{}()]*$")
# Not where it is called as a member of something foreign: `socket.get_executor()`.
FORBIDDEN_NAME = re.compile(r"(?<![\w.>:])(?:get|do|handle|process)_\w+\s*\(|\b(?:class|struct)\s+\w*(?:Manager|Helper|Util|Impl|Info)\b")
AWAITED_LAMBDA = re.compile(r"co_await[^;]*\[[^\]]*\]\s*(?:\([^)]*\)\s*)?(?:mutable\s*)?(?:->\s*\w+\s*)?\{")
# Taken apart, so that this file is not a finding of its own.
MACHINE_PATH = re.compile(r"(?:^|[^\w.}])/(?:wor" + r"k|far" + r"m)/|\"resolved\": *\"http")


def tracked():
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=TOP, check=True,
                           capture_output=True, text=True).stdout.split("\n")
    return [TOP / name for name in names if name and (TOP / name).is_file()]


def without_text(source):
    """The source with comments, strings and characters blanked, line by line the same length."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())
    pattern = r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\''
    return re.sub(pattern, blank, source, flags=re.DOTALL)


def functions(code):
    """(line, length) of each function body, lambdas counted with what holds them."""
    stack, statement, line = [], "", 1
    for char in code:
        if char == "\n":
            line += 1
        if char == "{":
            head = statement.strip()
            inside = any(kind == "function" for kind, _ in stack)
            scope = SCOPE.search(head) or head == ""
            is_function = (not inside and not scope and ")" in head and not CONTROL.search(head)
                           and not re.search(r"[=,(]\s*$", head))
            stack.append(("function" if is_function else "other", line))
            statement = ""
        elif char == "}":
            if stack:
                kind, start = stack.pop()
                if kind == "function":
                    yield start, line - start + 1
            statement = ""
        elif char == ";":
            statement = ""
        else:
            statement += char


def module_of(path):
    parts = path.relative_to(TOP).parts
    return parts[1] if parts[0] == "outrider" and len(parts) == 3 else None


def arrows(path, source):
    module = module_of(path)
    if not module:
        return
    allowed = {module, *MAY_USE[module].split()}
    for number, text in enumerate(source.split("\n"), 1):
        used = re.match(r'#include "outrider/(\w+)/', text)
        if used and used.group(1) not in allowed:
            yield number, f"{module} may not use {used.group(1)} (ARCHITECTURE.md, Modules)"
        for header, homes in FOREIGN.items():
            if re.match(rf'#include [<"]{header}', text) and module not in homes.split():
                yield number, f"this header belongs to {homes} alone"


def linked_arrows():
    """CMakeLists.txt must not know other arrows than this table."""
    path = TOP / "CMakeLists.txt"
    for number, text in enumerate(path.read_text().split("\n"), 1):
        line = re.match(r"outrider_module\((\w+)([^)]*)\)", text)
        if line:
            uses = re.search(r"USES([a-z ]*)", line.group(2))
            if sorted((uses.group(1) if uses else "").split()) != sorted(MAY_USE[line.group(1)].split()):
                yield path, number, f"{line.group(1)} is linked against other modules than it may use"


def sizes(path, source, code):
    lines = source.split("\n")
    if len(lines) - 1 > LONGEST_FILE:
        yield 1, f"{len(lines) - 1} lines; a file has at most {LONGEST_FILE}"
    table = False  # tables may be wide: they are written under `clang-format off`
    for number, text in enumerate(lines, 1):
        table = "clang-format off" in text or (table and "clang-format on" not in text)
        if len(text) > LONGEST_LINE and not table:
            yield number, f"{len(text)} columns; a line has at most {LONGEST_LINE}"
    for start, length in functions(code):
        if length > LONGEST_FUNCTION:
            yield start, f"{length} lines; a function has at most {LONGEST_FUNCTION}"


def manners(path, source, code):
    for match in FORBIDDEN_NAME.finditer(code):
        yield code.count("\n", 0, match.start()) + 1, f"name: {match.group().strip()}"
    for match in AWAITED_LAMBDA.finditer(code):
        yield code.count("\n", 0, match.start()) + 1, "a lambda beside co_await: name it first (GCC 12)"
    if path.suffix == ".h" and module_of(path) and "#pragma once" not in source:
        yield 1, "a header begins with #pragma once"
    if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", source):
        yield 1, "unfinished work belongs in an issue"


def untested(paths):
    """Each source has a test of its name, or one that includes its header or names it (as
    `Covers: net/bind.cc`, where a part can only be seen working inside another)."""
    tests = "\n".join(p.read_text(errors="replace") for p in paths
                      if "tests" in p.parts and p.suffix in (".cc", ".h"))
    for path in paths:
        module = module_of(path)
        if module is None or path.name == "json.cc" or path.suffix != ".cc":
            continue
        own = TOP / "tests" / "unit" / module / f"{path.stem}_test.cc"
        named = f'"outrider/{module}/{path.stem}.h"' in tests or f"{module}/{path.name}" in tests
        if not own.exists() and not named:
            yield path, 1, f"no test: {own.relative_to(TOP)}"


def breaches():
    paths = tracked()
    for path in paths:
        if path.suffix not in (".h", ".cc", ".py", ".sh", ".md", ".txt", ".cmake", ".json", ".toml") \
                and path.name != "dev":
            continue
        source = path.read_text(errors="replace")
        if MACHINE_PATH.search(source):
            yield path, 1, "a path or an address of one machine"
        if path.suffix in (".h", ".cc"):
            code = without_text(source)
            for rule in (arrows(path, source), sizes(path, source, code), manners(path, source, code)):
                for number, text in rule:
                    yield path, number, text
    yield from untested(paths)
    yield from linked_arrows()


def main():
    found = [f"{path.relative_to(TOP)}:{number}: {text}" for path, number, text in breaches()]
    print("\n".join(found) if found else "tidy: no breach")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
