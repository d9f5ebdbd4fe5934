"""What the benchmarks share: repeating, the table, the JSON file."""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `target` is a sentence such as "< 3"; `holds` whether the value meets it."""

    key: str
    what: str
    value: float
    target: str
    holds: bool


def below(key: str, what: str, value: float, limit: float) -> Figure:
    """A figure that must stay below `limit`."""
    return Figure(key, what, value, f"< {limit:g}", value < limit)


def least(key: str, what: str, value: float, limit: float) -> Figure:
    """A figure that must reach `limit`."""
    return Figure(key, what, value, f"≥ {limit:g}", value >= limit)


def repeated(times: int, action: Callable[[], float]) -> float:
    """The median of what `action` gives."""
    return median(action() for _ in range(times))


def percentile_95(values: list[float]) -> float:
    """The 95th percentile."""
    return quantiles(values, n=20, method="inclusive")[-1]


def cpu_of(action: Callable[[], object]) -> float:
    """CPU seconds that this process spends on `action`."""
    begun = time.process_time()
    action()
    return time.process_time() - begun


def seconds_of(action: Callable[[], object]) -> float:
    """Wall seconds of `action`."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def report(name: str, figures: Iterable[Figure]) -> int:
    """Print the table, write var/bench/<name>.json; the exit status: 0 when every target holds."""
    found = list(figures)
    width = max(len(figure.what) for figure in found)
    for figure in found:
        mark = "holds" if figure.holds else "MISSED"
        print(f"{figure.what:<{width}}  {figure.value:>10.2f}  {figure.target:>8}  {mark}")
    folder = ROOT / "var" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps({figure.key: round(figure.value, 3) for figure in found}, indent=2) + "\n")
    print(f"Written to {path.relative_to(ROOT)}.")
    return 0 if all(figure.holds for figure in found) else 1
