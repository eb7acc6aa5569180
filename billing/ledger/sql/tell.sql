-- The door to the books, and guards that leave to ledger_tell what ledger_tell writes; see 01_guards.sql.
CREATE VIEW ledger_told AS
    SELECT NULL::jsonb AS entries, NULL::uuid AS mark, NULL::jsonb AS posted WHERE false;
CREATE TRIGGER ledger_tell INSTEAD OF INSERT ON ledger_told FOR EACH ROW EXECUTE FUNCTION public.ledger_tell();

DROP TRIGGER ledger_entry_dated ON ledger_entry;
CREATE TRIGGER ledger_entry_dated AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION public.ledger_entry_dated();
CREATE TRIGGER ledger_entry_begins BEFORE INSERT ON ledger_entry
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION public.ledger_entry_begins();
DROP TRIGGER ledger_entry_complete ON ledger_entry;
CREATE CONSTRAINT TRIGGER ledger_entry_complete AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION public.ledger_entry_complete();
DROP TRIGGER ledger_posting_lands ON ledger_posting;
CREATE TRIGGER ledger_posting_lands AFTER INSERT ON ledger_posting
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION public.ledger_posting_lands();
DROP TRIGGER ledger_posting_balances ON ledger_posting;
CREATE CONSTRAINT TRIGGER ledger_posting_balances AFTER INSERT ON ledger_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION public.ledger_posting_balances();

-- Postings and entries name accounts and journals without a foreign key (see ledger_posting_lands): these stay.
CREATE TRIGGER ledger_account_stays BEFORE DELETE OR TRUNCATE ON ledger_account
    FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_refuse('an account is switched off, and stays');
CREATE TRIGGER ledger_journal_stays BEFORE DELETE OR TRUNCATE ON ledger_journal
    FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_refuse('a journal stays');
