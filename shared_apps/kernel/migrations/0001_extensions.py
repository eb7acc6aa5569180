from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []
    # Exclusion constraints on plain numbers and fast search by parts of words stand on these.
    run_before = [
        ("distributors", "0001_initial"),
        ("suppliers", "0001_initial"),
        ("catalog", "0001_initial"),
        ("pricing", "0001_initial"),
        ("ledger", "0001_books"),
    ]
    operations = [BtreeGistExtension(), TrigramExtension()]
