"""Writes random schemas, and documents with what jsonschema says of them.

    python make_cases.py    (jsonschema 4.26.0)

cases.json is a list of {"schema", "valid": [texts], "invalid": [texts]}. Schemas are of the subset that
gpu/engine/constraint/json_schema.hpp names. So that only what jsonschema judges decides, documents keep to what it does
not see: members come in the order of their names, as the schemas have them; integers have no fraction; separators have no
space or one; and each schema with properties says whether there may be others.
"""

import json
import random
from pathlib import Path

import jsonschema

HERE = Path(__file__).parent
SCHEMAS = 110
DOCUMENTS = 14  # Tried for each schema.
NAMES = ["a", "ab", "b", "c\u00e9", "d\"q", "e"]
OTHER_NAMES = ["z", "zz"]  # Behind all others.
TEXTS = ["", "a", "ab", "tide", "\u00e9", "\u4e1c\u4eac", "a\"b\\", "line\nend", "\U0001f600!", "x" * 9, "\u0001"]
NUMBERS = [0, 1, -1, 7, 42, -300, 1000, 999999999999, 1.5, -0.25, 3e-7, 2.5e-30]


def scalar(rng):
    return rng.choice([rng.choice(TEXTS), rng.choice(NUMBERS), True, False, None])


def anything(rng, depth=2):
    kind = rng.random()
    if depth == 0 or kind < 0.6:
        return scalar(rng)
    if kind < 0.8:
        return [anything(rng, depth - 1) for _ in range(rng.randrange(3))]
    return {name: anything(rng, depth - 1) for name in sorted(rng.sample(NAMES + OTHER_NAMES, rng.randrange(3)))}


def schema_of(rng, depth, refs):
    """A random schema."""
    leaf = depth == 0 or rng.random() < 0.35
    if leaf:
        kind = rng.choice(["string", "integer", "range", "plain", "enum", "const", "length", "many", "any"])
        if kind == "range":
            low, high = sorted(rng.choice([0, 1, 5, 9, 10, 99, 250, 1000, -1, -40, -999]) for _ in range(2))
            bounds = {}
            if rng.random() < 0.7:
                bounds[rng.choice(["minimum", "exclusiveMinimum"])] = low
            if rng.random() < 0.7:
                bounds[rng.choice(["maximum", "exclusiveMaximum"])] = high
            return {"type": "integer", **bounds}
        if kind == "plain":
            return {"type": rng.choice(["number", "boolean", "null", "integer", "object", "array", "string"])}
        if kind == "enum":
            values = [anything(rng, 1) for _ in range(rng.randrange(1, 5))]
            return {"enum": values}
        if kind == "const":
            return {"const": anything(rng, 1), "description": "one value"}
        if kind == "length":
            low = rng.randrange(4)
            return {"type": "string", "minLength": low, "maxLength": low + rng.randrange(4)}
        if kind == "many":
            return {"type": rng.sample(["string", "integer", "null", "boolean"], 2)}
        if kind == "any":
            return rng.choice([True, {}])
        return {"type": kind}
    kind = rng.choice(["object", "object", "array", "tuple", "any_of", "ref", "all_of"])
    inner = lambda: schema_of(rng, depth - 1, refs)
    if kind == "object":
        names = sorted(rng.sample(NAMES, rng.randrange(1, 5)))
        result = {"type": "object", "properties": {name: inner() for name in names}}
        result["required"] = [name for name in names if rng.random() < 0.5]
        result["additionalProperties"] = rng.choice([False, False, True, {"type": "integer"}])
        return result
    if kind == "array":
        result = {"type": "array", "items": inner()}
        if rng.random() < 0.5:
            result["minItems"] = rng.randrange(3)
        if rng.random() < 0.5:
            result["maxItems"] = result.get("minItems", 0) + rng.randrange(3)
        return result
    if kind == "tuple":
        result = {"type": "array", "prefixItems": [inner() for _ in range(rng.randrange(1, 3))]}
        result["items"] = rng.choice([False, {"type": "string"}])
        if rng.random() < 0.5:
            result["minItems"] = rng.randrange(3)
        return result
    if kind == "any_of":
        return {"anyOf": [inner(), inner()]}
    if kind == "all_of":
        return {"allOf": [inner()], "title": "wrapped"}
    return {"$ref": rng.choice(refs)} if refs else inner()


def document_of(rng, schema, root, depth=0):
    """A document that mostly satisfies it."""
    if depth > 6:
        return scalar(rng)
    if isinstance(schema, bool) or not schema:
        return anything(rng)
    inner = lambda one: document_of(rng, one, root, depth + 1)
    if "$ref" in schema:
        return inner(root if schema["$ref"] == "#" else root["$defs"][schema["$ref"].rsplit("/", 1)[1]])
    for name in ("anyOf", "allOf"):
        if name in schema:
            return inner(rng.choice(schema[name]))
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    kind = schema["type"] if isinstance(schema["type"], str) else rng.choice(schema["type"])
    if kind == "integer":
        low = schema.get("minimum", schema.get("exclusiveMinimum", -5))
        high = schema.get("maximum", schema.get("exclusiveMaximum", low + 1200))
        return rng.choice([low, high, low + 1, high - 1, rng.randint(min(low, high) - 1, max(low, high) + 1)])
    if kind == "string":
        fitting = [one for one in TEXTS if schema.get("minLength", 0) <= len(one) <= schema.get("maxLength", 99)]
        return rng.choice(fitting or TEXTS)
    if kind == "number":
        return rng.choice(NUMBERS)
    if kind in ("boolean", "null"):
        return None if kind == "null" else rng.random() < 0.5
    if kind == "array":
        prefix = schema.get("prefixItems", [])
        count = rng.randrange(schema.get("minItems", 0), schema.get("maxItems", 3) + 1)
        return [inner(prefix[i] if i < len(prefix) else schema.get("items", True)) for i in range(count)]
    if "properties" not in schema:
        return anything(rng) if rng.random() < 0.3 else {"a": anything(rng, 1)}
    result = {
        name: inner(one)
        for name, one in schema["properties"].items()
        if name in schema["required"] or rng.random() < 0.6
    }
    if rng.random() < 0.3:
        result[rng.choice(OTHER_NAMES)] = rng.choice([3, "x"])
    return result


def places_of(document, place=()):
    yield place
    if not isinstance(document, (dict, list)):
        return
    for key, child in document.items() if isinstance(document, dict) else enumerate(document):
        yield from places_of(child, (*place, key))


def changed(rng, document):
    """Another value at a random place, or a member less."""
    document = json.loads(json.dumps(document))
    place = rng.choice(list(places_of(document)))
    if not place:
        return anything(rng)
    parent = document
    for key in place[:-1]:
        parent = parent[key]
    if rng.random() < 0.4:
        del parent[place[-1]]
    else:
        parent[place[-1]] = anything(rng, 1)
    return document


def tightened(schema):
    """Where other members are allowed, only OTHER_NAMES are: those that stand behind all others."""
    if isinstance(schema, list):
        return [tightened(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: one if key in ("const", "enum") else tightened(one) for key, one in schema.items()}
    if "additionalProperties" in schema:
        result["patternProperties"] = {"^z": result.pop("additionalProperties")}
        result["additionalProperties"] = False
    return result


def text_of(rng, document):
    separators = rng.choice([(",", ":"), (", ", ": "), (",", ": ")])
    return json.dumps(document, ensure_ascii=False, separators=separators)


def main():
    rng = random.Random(11)
    cases = []
    while len(cases) < SCHEMAS:
        refs = ["#/$defs/one", "#"] if rng.random() < 0.4 else []
        schema = schema_of(rng, 3, refs)
        if isinstance(schema, bool) or len(json.dumps(schema)) > 450:
            continue
        if refs:
            schema = {**schema, "$defs": {"one": schema_of(rng, 1, refs)}}
        validator = jsonschema.Draft202012Validator(schema)
        tight = jsonschema.Draft202012Validator(tightened(schema))
        texts = {True: set(), False: set()}
        try:
            for _ in range(DOCUMENTS):
                document = document_of(rng, schema, schema)
                if rng.random() < 0.5:
                    document = changed(rng, document)
                text = text_of(rng, document)
                is_valid = validator.is_valid(document)
                if len(text) < 200 and is_valid == tight.is_valid(document):
                    texts[is_valid].add(text)
        except RecursionError:  # A reference to itself alone.
            continue
        if not texts[True]:
            continue
        cases.append({"schema": schema, "valid": sorted(texts[True]), "invalid": sorted(texts[False])})
    lines = [json.dumps(case, separators=(",", ":")) for case in cases]
    (HERE / "cases.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
    print(len(cases), sum(len(c["valid"]) for c in cases), sum(len(c["invalid"]) for c in cases))


if __name__ == "__main__":
    main()
