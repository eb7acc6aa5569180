from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from shared_apps.suppliers.hubs import HUBS


def load(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    hub = apps.get_model("suppliers", "Hub")
    for position, facts in enumerate(HUBS, start=1):
        hub.objects.update_or_create(
            code=facts.code,
            defaults={
                "name": facts.name,
                "provinces": list(facts.provinces),
                "clusters": list(facts.clusters),
                "longitude": facts.longitude,
                "latitude": facts.latitude,
                "pinyin": facts.pinyin,
                "position": position,
            },
        )


class Migration(migrations.Migration):
    dependencies = [("suppliers", "0001_initial")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
