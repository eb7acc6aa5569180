"""Who asks, in SQL: the row policies of the shared plane stand on these.

SECURITY DEFINER because a policy on the distributors' own table cannot read that table through
itself. `role` is the session's setting, which such a function does not change.
"""

from django.db import migrations

FUNCTIONS = """
CREATE OR REPLACE FUNCTION public.current_distributor_id() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT id FROM public.distributors_distributor WHERE schema_name = current_setting('role') $$;

CREATE OR REPLACE FUNCTION public.parent_distributor_id() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT parent_id FROM public.distributors_distributor WHERE schema_name = current_setting('role') $$;

CREATE OR REPLACE FUNCTION public.parent_of(child bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT parent_id FROM public.distributors_distributor WHERE id = child $$;
"""


class Migration(migrations.Migration):
    dependencies = [("distributors", "0001_initial")]
    operations = [migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop)]
