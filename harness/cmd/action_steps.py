"""Plays the steps of action.yml as GitHub does with a composite action, for action_test.c.

    action_steps.py ACTION WORKSPACE TEMP [INPUT=VALUE…]

ACTION is the folder of the action, WORKSPACE that of the job, TEMP holds what GitHub would keep:
summary.md (the step summary), outputs.json (of the action), uploads.json (what
actions/upload-artifact was asked for). Ends with the status of the step that failed. Anything that
it does not know is an error: a green test must not rest on a guess.
"""
import json
import os
import re
import subprocess
import sys

import yaml

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.S)


def value_of(term, inputs, steps):
    if match := re.fullmatch(r"inputs\.([\w-]+)", term):
        return inputs[match[1]]
    if match := re.fullmatch(r"steps\.([\w-]+)\.outputs\.([\w-]+)", term):
        return steps.get(match[1], {}).get(match[2], "")
    if match := re.fullmatch(r"'([^']*)'", term):
        return match[1]
    sys.exit(f"action_steps.py does not know the expression `{term}`")


def expand(text, inputs, steps):
    return EXPRESSION.sub(lambda match: value_of(match[1], inputs, steps), str(text))


def is_due(step, has_failed, inputs, steps):
    condition = step.get("if")
    if condition is None:
        return not has_failed
    terms = EXPRESSION.fullmatch(condition)[1].split("&&")
    due = not has_failed
    for term in (term.strip() for term in terms):
        if term == "always()":
            due = True
        else:
            left, right = (value_of(side.strip(), inputs, steps) for side in term.split("!="))
            if left == right:
                return False
    return due


def read_outputs(path):
    outputs = {}
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            name, separator, value = line.partition("=")
            if not separator or not re.fullmatch(r"[\w-]+", name):
                sys.exit(f"GitHub would refuse the output `{line}`")
            outputs[name] = value
    return outputs


def run_step(step, environment, inputs, steps):
    if "${{" in step["run"]:
        sys.exit("an expression inside a script is code that a caller may write: use env")
    if step.get("shell") != "bash":
        sys.exit("a run step of a composite action names its shell")
    script = os.path.join(environment["RUNNER_TEMP"], "step.sh")
    with open(script, "w", encoding="utf-8") as file:
        file.write(step["run"])
    own = {name: expand(value, inputs, steps) for name, value in step.get("env", {}).items()}
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script]
    return subprocess.run(command, env={**environment, **own}, stdin=subprocess.DEVNULL,
                          cwd=environment["GITHUB_WORKSPACE"], check=False).returncode


def main():
    folder, workspace, temp, *given = sys.argv[1:]
    with open(os.path.join(folder, "action.yml"), encoding="utf-8") as file:
        action = yaml.safe_load(file)
    if action["runs"]["using"] != "composite":
        sys.exit("this is no composite action")
    inputs = {name: field.get("default", "") for name, field in action["inputs"].items()}
    for assignment in given:
        name, _, value = assignment.partition("=")
        if name not in inputs:
            sys.exit(f"the action has no input {name}")
        inputs[name] = value
    if any(not isinstance(value, str) for value in inputs.values()):
        sys.exit("a default that is no string")
    output_file = os.path.join(temp, "output")
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "GITHUB_ACTIONS": "true", "GITHUB_ACTION_PATH": folder, "GITHUB_WORKSPACE": workspace,
        "GITHUB_STEP_SUMMARY": os.path.join(temp, "summary.md"), "RUNNER_TEMP": temp,
        "GITHUB_OUTPUT": output_file,
    }
    steps, uploads, status = {}, [], 0
    for step in action["runs"]["steps"]:
        if not is_due(step, status != 0, inputs, steps):
            continue
        if "run" in step:
            open(output_file, "w", encoding="utf-8").close()
            status = run_step(step, environment, inputs, steps) or status
            steps[step["id"]] = read_outputs(output_file)
        elif step["uses"] == "actions/upload-artifact@v4":
            uploads.append({name: expand(value, inputs, steps)
                            for name, value in step["with"].items()})
        else:
            sys.exit(f"action_steps.py does not know {step['uses']}")
    outputs = {name: expand(field["value"], inputs, steps)
               for name, field in action["outputs"].items()}
    for name, value in (("outputs", outputs), ("uploads", uploads)):
        with open(os.path.join(temp, f"{name}.json"), "w", encoding="utf-8") as file:
            json.dump(value, file)
    sys.exit(status)


main()
