-- The guards of one schema's tables; run by a migration in that schema.
CREATE TRIGGER ledger_entry_dated AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_entry_dated();
CREATE CONSTRAINT TRIGGER ledger_entry_complete AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.ledger_entry_complete();
CREATE CONSTRAINT TRIGGER ledger_entry_reverses AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.reverses_id IS NOT NULL)
    EXECUTE FUNCTION public.ledger_entry_reverses();
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_refuse('entries are written once; reverse instead');

CREATE TRIGGER ledger_posting_lands AFTER INSERT ON ledger_posting
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_posting_lands();
CREATE CONSTRAINT TRIGGER ledger_posting_balances AFTER INSERT ON ledger_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.ledger_posting_balances();
CREATE TRIGGER ledger_posting_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_posting
    FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_refuse('postings are written once; reverse instead');

CREATE TRIGGER ledger_account_opens AFTER INSERT ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION public.ledger_account_opens();
CREATE TRIGGER ledger_account_fixed BEFORE UPDATE ON ledger_account FOR EACH ROW
    WHEN ((OLD.id, OLD.public_id, OLD.code, OLD.kind, OLD.parent_id, OLD.takes, OLD.party_kind, OLD.party_id, OLD.currency, OLD.floor_minor)
          IS DISTINCT FROM
          (NEW.id, NEW.public_id, NEW.code, NEW.kind, NEW.parent_id, NEW.takes, NEW.party_kind, NEW.party_id, NEW.currency, NEW.floor_minor))
    EXECUTE FUNCTION public.ledger_account_fixed();

CREATE TRIGGER ledger_balance_kept BEFORE INSERT OR UPDATE OR DELETE ON ledger_balance
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION public.ledger_refuse('balances are kept by posting');
CREATE TRIGGER ledger_balance_whole BEFORE TRUNCATE ON ledger_balance
    FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_refuse('balances are kept by posting');
ALTER TABLE ledger_balance SET (fillfactor = 50);

CREATE TRIGGER ledger_period_moves BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON ledger_period
    FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_period_moves();
