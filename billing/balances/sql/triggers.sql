-- The guards of one schema's tables; run by a migration in that schema.
CREATE TRIGGER balances_uses_land AFTER INSERT ON balances_lotuse
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION public.balances_uses_land();
CREATE TRIGGER balances_uses_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON balances_lotuse
    FOR EACH STATEMENT EXECUTE FUNCTION public.balances_refuse('uses are written once');
CREATE TRIGGER balances_lot_starts_empty BEFORE INSERT ON balances_lot
    FOR EACH ROW WHEN (NEW.left_minor <> 0 OR NEW.held_minor <> 0)
    EXECUTE FUNCTION public.balances_refuse('a lot is filled by its uses');
CREATE TRIGGER balances_lot_kept BEFORE UPDATE ON balances_lot
    FOR EACH ROW WHEN (pg_trigger_depth() = 0 AND
        (OLD.id, OLD.customer_id, OLD.kind, OLD.source, OLD.origin_id, OLD.amount_minor, OLD.left_minor, OLD.held_minor, OLD.currency)
        IS DISTINCT FROM
        (NEW.id, NEW.customer_id, NEW.kind, NEW.source, NEW.origin_id, NEW.amount_minor, NEW.left_minor, NEW.held_minor, NEW.currency))
    EXECUTE FUNCTION public.balances_refuse('lots move by their uses');
CREATE TRIGGER balances_lot_stays BEFORE DELETE OR TRUNCATE ON balances_lot
    FOR EACH STATEMENT EXECUTE FUNCTION public.balances_refuse('lots are kept');
ALTER TABLE balances_lot SET (fillfactor = 70);
CREATE TRIGGER balances_entry_reversed BEFORE INSERT ON ledger_entry
    FOR EACH ROW WHEN (NEW.reverses_id IS NOT NULL) EXECUTE FUNCTION public.balances_entry_reversed();
