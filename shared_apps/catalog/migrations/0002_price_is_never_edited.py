from django.db import migrations

FUNCTION = """
CREATE FUNCTION public.catalog_price_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
       AND (NEW.id, NEW.plan_id, NEW.list_hourly, NEW.source_amount, NEW.source_currency)
         = (OLD.id, OLD.plan_id, OLD.list_hourly, OLD.source_amount, OLD.source_currency)
       AND NEW.fx_rate_id IS NOT DISTINCT FROM OLD.fx_rate_id
       AND upper(OLD.effective) IS NULL
       AND upper(NEW.effective) > lower(OLD.effective)
       AND lower(NEW.effective) = lower(OLD.effective)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'A price is never edited or deleted; close it and open the next.'
        USING ERRCODE = 'integrity_constraint_violation', TABLE = 'catalog_price';
END $$;
CREATE TRIGGER catalog_price_guard BEFORE UPDATE OR DELETE ON public.catalog_price
    FOR EACH ROW EXECUTE FUNCTION public.catalog_price_guard();
"""
UNDO = """
DROP TRIGGER catalog_price_guard ON public.catalog_price;
DROP FUNCTION public.catalog_price_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]
    operations = [migrations.RunSQL(FUNCTION, UNDO)]
