"""Every place that looks across tenants, by file and function. A new one is added here by whoever has looked at it:
does it load only what a token, a job's argument or a rule names, and does nothing but the needed figure leave it?
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

LIFTED: dict[str, set[str]] = {
    "tmpa/audiences/suppression.py": {"suppressed"},
    "tmpa/deals/conflicts.py": {"find_all_conflicts"},
    "tmpa/deals/facts.py": {"record"},
    "tmpa/deals/touchpoints.py": {"collect"},
    "tmpa/engagement/figures.py": {"by_link", "campaign_figures"},
    "tmpa/mdf/invoices.py": {"duplicates"},
    "tmpa/mdf/ledger.py": {"_known", "_sums"},
    "tmpa/mdf/returns.py": {"outcome"},
    "tmpa/partners/service.py": {"invite_partner", "invited_address"},
    "tmpa/reports/home.py": {"vendor_home"},
    "tmpa/reports/queries.py": {"_leads"},
    "tmpa/sending/launch.py": {"forecast"},
    "tmpa/sending/withdrawal.py": {"affected"},
    "tmpa/web/mail_search.py": {"search"},
    "tmpa/web/operator.py": {"audit_trail"},
}

SYSTEM: dict[str, set[str]] = {
    "tmpa/accounts/commands.py": {"create_organization", "create_user", "list_organizations", "set_password"},
    "tmpa/accounts/identity.py": {"before_request"},
    "tmpa/accounts/service.py": {"forget_expired"},
    "tmpa/accounts/views.py": {"_change_organization"},
    "tmpa/audiences/imports.py": {"run_import"},
    "tmpa/campaigns/commands.py": {"verify"},
    "tmpa/demo/acting.py": {"scope"},
    "tmpa/demo/seed.py": {"_companies", "_partner", "ensure_demo"},
    "tmpa/engagement/commands.py": {"audit", "keys"},
    "tmpa/engagement/drain.py": {"_drain_chunk", "_drain_one", "_is_behind", "_let_go"},
    "tmpa/engagement/service.py": {"forget_contact", "record_deliveries", "record_unsubscribe", "seal"},
    "tmpa/kernel/scope.py": {"lifted"},
    "tmpa/kits/commands/publish.py": {"publish_command"},
    "tmpa/kits/commands/published.py": {"read_published"},
    "tmpa/kits/drafts.py": {"check_draft"},
    "tmpa/kits/localisation/memory.py": {"remember_version"},
    "tmpa/mdf/dossier.py": {"_seal", "assemble_dossier"},
    "tmpa/pages/publish.py": {"publish_campaign"},
    "tmpa/sending/batches.py": {"_bury", "_put_down", "_send", "_take", "send_batch"},
    "tmpa/sending/launch.py": {"_wake", "start_campaign", "start_due"},
    "tmpa/sending/platform_mail.py": {"send_mail"},
    "tmpa/sending/withdrawal.py": {"leave_withdrawn"},
    "tmpa/story/preparing.py": {"publish"},
    "tmpa/story/telling.py": {"looking"},
    "tmpa/web/health.py": {"collect"},
}

# Ways past the mapped classes and their checks; the few uses, by file.
WAYS_AROUND = re.compile(
    r"\.bulk_(save|insert|update)\w*\(|\.from_statement\(|\.exec_driver_sql\(|\bsqlalchemy\.text\(|\.connection\(\)"
)
AROUND = {
    "tmpa/db.py",  # BEGIN
    "tmpa/sending/ledger.py",  # the system's batches: a recipient's outcome by executemany
}


def uses(name: str, folders: tuple[str, ...]) -> dict[str, set[str]]:
    """The functions of each file that call `name`."""
    found: dict[str, set[str]] = {}
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for function in ast.walk(tree):
                if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) and calls(function, name):
                    found.setdefault(path.relative_to(ROOT).as_posix(), set()).add(function.name)
    return found


def calls(function: ast.AST, name: str) -> bool:
    """Whether the function itself (not one inside it) calls `name`."""
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            waiting.extend(ast.iter_child_nodes(node))
    return False


def test_every_lifting_was_looked_at() -> None:
    assert uses("lifted", ("tmpa", "workers")) == LIFTED


def test_every_use_of_the_systems_scope_was_looked_at() -> None:
    # workers/ is process code: it acts for nobody but the system, on the rows that a job names
    assert uses("Scope.system", ("tmpa",)) == SYSTEM


def test_nothing_goes_around_the_mapped_classes() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("tmpa", "workers")
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts and WAYS_AROUND.search(path.read_text(encoding="utf-8"))
    }
    assert found <= AROUND
