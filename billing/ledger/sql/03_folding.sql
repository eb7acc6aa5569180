-- Folded sums: what was posted, by account, day it counts from, and day it was recorded; and the same by months.
-- A mark says up to which entry. Readers add the few that came after it (queries/sums.py), so that folding may lag
-- and nobody waits for it. It is never done in the path of posting.

-- Whoever writes entries holds the shared lock of ledger_entry_dated before he takes an id. So all ids handed out
-- by now belong to transactions that are over, or hold that lock: when those have let go, no entry up to the
-- last id can appear any more.
CREATE OR REPLACE FUNCTION public.ledger_writers() RETURNS text[]
LANGUAGE sql VOLATILE SECURITY INVOKER AS $$
    SELECT coalesce(array_agg(DISTINCT l.virtualtransaction), '{}')
      FROM pg_locks l
     WHERE l.locktype = 'advisory' AND l.mode = 'ShareLock' AND l.granted AND l.objsubid = 2 AND l.pid <> pg_backend_pid()
       AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
       AND l.classid::bigint = hashtext('ledger_period')::bigint & 4294967295
       AND l.objid::bigint = hashtext(current_schema())::bigint & 4294967295;
$$;

CREATE OR REPLACE FUNCTION public.ledger_fold(upto bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    done bigint;
BEGIN
    INSERT INTO ledger_foldmark (id, entry_id) VALUES (1, 0) ON CONFLICT (id) DO NOTHING;
    SELECT m.entry_id INTO done FROM ledger_foldmark m WHERE m.id = 1 FOR UPDATE;
    IF upto <= done THEN
        RETURN 0;
    END IF;
    INSERT INTO ledger_foldedsum AS s (account_id, monthly, effective_on, recorded_on, debit_minor, credit_minor)
    SELECT d.account_id, g.monthly,
           CASE WHEN g.monthly THEN date_trunc('month', d.effective_on)::date ELSE d.effective_on END,
           CASE WHEN g.monthly THEN date_trunc('month', d.recorded_on)::date ELSE d.recorded_on END,
           sum(d.debit), sum(d.credit)
      FROM (
        SELECT p.account_id, public.ledger_day(e.effective_at) AS effective_on, public.ledger_day(e.recorded_at) AS recorded_on,
               sum(CASE p.direction WHEN 'DEBIT' THEN p.amount_minor ELSE 0 END) AS debit,
               sum(CASE p.direction WHEN 'CREDIT' THEN p.amount_minor ELSE 0 END) AS credit
          FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id
         WHERE e.id > done AND e.id <= upto
         GROUP BY 1, 2, 3
      ) d
      CROSS JOIN (VALUES (false), (true)) AS g(monthly)
     GROUP BY 1, 2, 3, 4
        ON CONFLICT (account_id, monthly, effective_on, recorded_on) DO UPDATE
       SET debit_minor = s.debit_minor + excluded.debit_minor, credit_minor = s.credit_minor + excluded.credit_minor;
    UPDATE ledger_foldmark SET entry_id = upto WHERE id = 1;
    RETURN upto - done;
END $$;
