"""List the variants: parameters, published and measured numbers, and where the weights are."""

from __future__ import annotations

import sys

from stimuli.foundation import command_line


def table() -> str:
    """Lay out every variant: parameters, published top-1 and mCE, weights; below, what was measured here."""
    from absvit.models import zoo
    from absvit.models.checkpoints import formats
    from absvit.models.zoo import locations

    rows = [("model", "parameters", "top-1", "mCE", "weights")]
    measured = []
    for variant in zoo.VARIANTS:
        count = variant.parameters or zoo.parameter_count(variant.name)
        tags = locations.bundled_tags(variant.name)
        weights = zoo.status(variant.name) + (f" (also: {', '.join(tags)})" if tags else "")
        published = [f"{number:.1f}" if number else "-" for number in (variant.top1, variant.mce)]
        rows.append((variant.name, f"{count:,}", *published, weights))
        for tag in (None, *tags):
            facts = formats.read_card(locations.bundled(variant.name, tag)).get("measured")
            if facts:
                measured += [
                    "",
                    " ".join([variant.name, *([tag] if tag else [])]),
                    *map(_line, facts.items()),
                ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        f"{name:<{widths[0]}}  {count:>{widths[1]}}  {top1:>{widths[2]}}  {mce:>{widths[3]}}  {weights}"
        for name, count, top1, mce, weights in rows
    ]
    notes = [
        "",
        "top-1 and mCE: published ImageNet-1k accuracy (%) and ImageNet-C error (%, lower is better)",
    ]
    heading = ["", "Measured with the bundled weights [95 % interval]:"] if measured else []
    return "\n".join([*lines, *notes, *heading, *measured])


def _line(fact: tuple[str, object]) -> str:
    name, number = fact
    if isinstance(number, dict):
        low, high = number["interval"]
        return f"  {name}: {number['value']:.3f} [{low:.3f}, {high:.3f}]"
    return f"  {name}: {number:.3f}" if isinstance(number, float) else f"  {name}: {number}"


def main() -> None:
    """List the variants: parameters, published and measured numbers, where the weights are."""
    print(table())


if __name__ == "__main__":
    sys.exit(command_line.run(main, "absvit models"))
