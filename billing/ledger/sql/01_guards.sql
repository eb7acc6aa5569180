-- What the tables refuse by themselves, whoever writes: trigger functions, shared by all schemas.
-- Refusals are class 23 with a stable SQLSTATE; DETAIL is a JSON object with the facts:
--   23L01 unbalanced            23L04 source told twice, differently   23L07 no such account or journal
--   23L02 below the floor       23L05 append-only                      23L08 malformed
--   23L03 closed period         23L06 fixed once written               23L09 not a true reversal

-- The day, in China, to which a moment belongs.
CREATE OR REPLACE FUNCTION public.ledger_day(at timestamptz) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (at AT TIME ZONE 'Asia/Shanghai')::date;

-- The moment at which a day begins.
CREATE OR REPLACE FUNCTION public.ledger_start(day date) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN day::timestamp AT TIME ZONE 'Asia/Shanghai';

-- Of a moment in a closed period: when the first open day after it begins. Of any other: null.
CREATE OR REPLACE FUNCTION public.ledger_opens(at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY INVOKER AS $$
    SELECT public.ledger_start(min(last.end_date))
      FROM ledger_period p
      JOIN ledger_period last ON last.state = 'CLOSED' AND last.end_date >= p.end_date
     WHERE p.state = 'CLOSED'
       AND public.ledger_day(at) >= p.start_date AND public.ledger_day(at) < p.end_date
       AND NOT EXISTS (SELECT FROM ledger_period n WHERE n.state = 'CLOSED' AND n.start_date = last.end_date);
$$;

-- For whoever closes or opens days: waits for the entries under way and holds new ones up until the
-- transaction ends, so that what is summed is what is closed.
CREATE OR REPLACE FUNCTION public.ledger_hold_days() RETURNS void
LANGUAGE sql VOLATILE SECURITY INVOKER AS $$
    SELECT pg_advisory_xact_lock(hashtext('ledger_period'), hashtext(current_schema()));
$$;

-- A trigger may fire when search_path names another schema already: a deferred one fires at commit.
-- So every trigger here first asks whether plain names mean the tables of its own schema and, if not,
-- moves there (ledger_stand) and back (ledger_return). An undone transaction undoes the move as well.
CREATE OR REPLACE FUNCTION public.ledger_stand(there name) RETURNS text
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    path text := pg_catalog.current_setting('search_path');
BEGIN
    EXECUTE pg_catalog.format('SET LOCAL search_path TO %I, public, pg_temp', there);
    RETURN CASE WHEN path IN ('', '""') THEN quote_literal('') ELSE path END;
END $$;

-- Anybody may call it, so it takes names and nothing else: a path that brought a second statement
-- along could change the role in the middle of a query.
CREATE OR REPLACE FUNCTION public.ledger_return(path text) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
    IF path <> quote_literal('') AND (path ~ '[^A-Za-z0-9_$", ]') IS NOT FALSE THEN
        RAISE EXCEPTION 'ledger: not a search path' USING ERRCODE = '23L08', DETAIL = '{}';
    END IF;
    EXECUTE 'SET LOCAL search_path TO ' || path;
END $$;

CREATE OR REPLACE FUNCTION public.ledger_refuse() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
    RAISE EXCEPTION 'ledger: % of % is refused: %', lower(TG_OP), TG_TABLE_NAME, TG_ARGV[0]
        USING ERRCODE = '23L05', DETAIL = jsonb_build_object('table', TG_TABLE_NAME);
END $$;

-- The guards of entries and postings judge what is written by hand. What ledger_tell writes is judged by
-- ledger_tell, once: it is a trigger itself, and WHEN (pg_trigger_depth() = 0) tells the two apart. Nobody but
-- the owner of the database can make a trigger, so nobody else can pretend.

-- Entry, before each statement: the shared lock makes a closing wait for the entries under way, and they for it;
-- and tells the folding of sums that ids are being taken.
CREATE OR REPLACE FUNCTION public.ledger_entry_begins() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('ledger_period'), hashtext(TG_TABLE_SCHEMA));
    RETURN NULL;
END $$;

-- Entry, after each statement: its id and its recorded time are the database's own, its journal is in the
-- books, and no day is closed.
CREATE OR REPLACE FUNCTION public.ledger_entry_dated() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    back text;
    late record;
BEGIN
    IF current_schemas(true) <> ARRAY['pg_catalog', TG_TABLE_SCHEMA, 'public']::name[] THEN
        back := public.ledger_stand(TG_TABLE_SCHEMA);
    END IF;
    PERFORM pg_advisory_xact_lock_shared(hashtext('ledger_period'), hashtext(TG_TABLE_SCHEMA));
    SELECT f.source, p.start_date, p.end_date INTO late
      FROM fresh f
      JOIN ledger_period p
        ON p.state = 'CLOSED'
       AND public.ledger_day(f.effective_at) >= p.start_date
       AND public.ledger_day(f.effective_at) < p.end_date
     ORDER BY f.id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger: % falls into the closed period % – %', late.source, late.start_date, late.end_date
            USING ERRCODE = '23L03', DETAIL = jsonb_build_object(
                'source', late.source, 'start', late.start_date, 'end', late.end_date);
    END IF;
    PERFORM 1 FROM fresh f WHERE f.recorded_at NOT BETWEEN transaction_timestamp() AND clock_timestamp();
    IF FOUND THEN
        RAISE EXCEPTION 'ledger: the recorded time is the database''s own' USING ERRCODE = '23L08', DETAIL = '{}';
    END IF;
    PERFORM 1 FROM fresh f WHERE f.id <= (SELECT m.entry_id FROM ledger_foldmark m);
    IF FOUND THEN
        RAISE EXCEPTION 'ledger: the ids of entries go up' USING ERRCODE = '23L08', DETAIL = '{}';
    END IF;
    PERFORM 1 FROM fresh f WHERE (SELECT true FROM ledger_journal j WHERE j.id = f.journal_id) IS NULL;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger: there is no such journal' USING ERRCODE = '23L07', DETAIL = '{}';
    END IF;
    IF back IS NOT NULL THEN PERFORM public.ledger_return(back); END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION public.ledger_period_moves() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ledger_period'), hashtext(TG_TABLE_SCHEMA));
    RETURN NULL;
END $$;

-- Entry, at commit: it has postings (which judge their sums themselves).
CREATE OR REPLACE FUNCTION public.ledger_entry_complete() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    back text;
BEGIN
    IF current_schemas(true) <> ARRAY['pg_catalog', TG_TABLE_SCHEMA, 'public']::name[] THEN
        back := public.ledger_stand(TG_TABLE_SCHEMA);
    END IF;
    IF NOT EXISTS (SELECT FROM ledger_posting p WHERE p.entry_id = NEW.id) THEN
        RAISE EXCEPTION 'ledger: % has no postings', NEW.source
            USING ERRCODE = '23L01', DETAIL = jsonb_build_object('source', NEW.source);
    END IF;
    IF back IS NOT NULL THEN PERFORM public.ledger_return(back); END IF;
    RETURN NULL;
END $$;

-- Entry that reverses, at commit: it is the negated copy of an entry that is not a reversal itself.
CREATE OR REPLACE FUNCTION public.ledger_entry_reverses() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    back text;
BEGIN
    IF current_schemas(true) <> ARRAY['pg_catalog', TG_TABLE_SCHEMA, 'public']::name[] THEN
        back := public.ledger_stand(TG_TABLE_SCHEMA);
    END IF;
    IF EXISTS (SELECT FROM ledger_entry e WHERE e.id = NEW.reverses_id AND e.reverses_id IS NOT NULL)
        OR EXISTS (
            SELECT 1 FROM (
                SELECT p.account_id, p.currency, p.amount_minor,
                       CASE p.direction WHEN 'DEBIT' THEN 1 ELSE -1 END AS way
                  FROM ledger_posting p WHERE p.entry_id = NEW.id
                UNION ALL
                SELECT p.account_id, p.currency, p.amount_minor,
                       CASE p.direction WHEN 'DEBIT' THEN 1 ELSE -1 END
                  FROM ledger_posting p WHERE p.entry_id = NEW.reverses_id
            ) both_entries
            GROUP BY account_id, currency, amount_minor HAVING sum(way) <> 0
        )
    THEN
        RAISE EXCEPTION 'ledger: % is not the negated copy of an entry', NEW.source
            USING ERRCODE = '23L09', DETAIL = jsonb_build_object('source', NEW.source);
    END IF;
    IF back IS NOT NULL THEN PERFORM public.ledger_return(back); END IF;
    RETURN NULL;
END $$;

-- Posting, at commit: its entry has at least two, and debits equal credits in every currency.
CREATE OR REPLACE FUNCTION public.ledger_posting_balances() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    back text;
    number bigint;
    gap numeric;
BEGIN
    IF current_schemas(true) <> ARRAY['pg_catalog', TG_TABLE_SCHEMA, 'public']::name[] THEN
        back := public.ledger_stand(TG_TABLE_SCHEMA);
    END IF;
    SELECT sum(s.number), sum(abs(s.gap)) INTO number, gap
      FROM (
        SELECT count(*) AS number,
               sum(CASE p.direction WHEN 'DEBIT' THEN p.amount_minor ELSE -p.amount_minor END) AS gap
          FROM ledger_posting p WHERE p.entry_id = NEW.entry_id GROUP BY p.currency
      ) s;
    IF gap <> 0 OR number < 2 THEN
        RAISE EXCEPTION 'ledger: entry % does not balance', NEW.entry_id
            USING ERRCODE = '23L01', DETAIL = (
                SELECT jsonb_build_object('source', e.source, 'gap_minor', gap)
                  FROM ledger_entry e WHERE e.id = NEW.entry_id);
    END IF;
    IF back IS NOT NULL THEN PERFORM public.ledger_return(back); END IF;
    RETURN NULL;
END $$;

-- Posting, after each statement: it joins an entry of this transaction and an account that can be
-- posted in its currency; then floored balances move.
-- (Scalar subqueries, OFFSET 0 and = ANY (…): look-ups by index whatever the size of the statement for which
-- the plan was made; a backend keeps the plan and posts one entry now and a thousand then. The look-ups stand
-- for foreign keys as well, which would lock the row of a hot account, and of a journal, with every posting.)
CREATE OR REPLACE FUNCTION public.ledger_posting_lands() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    back text;
    odd record;
    floored bigint[];
BEGIN
    IF current_schemas(true) <> ARRAY['pg_catalog', TG_TABLE_SCHEMA, 'public']::name[] THEN
        back := public.ledger_stand(TG_TABLE_SCHEMA);
    END IF;
    SELECT (SELECT a.code FROM ledger_account a WHERE a.id = f.account_id) AS code,
           (SELECT a.name FROM ledger_account a WHERE a.id = f.account_id) AS name INTO odd
      FROM fresh f
     WHERE (SELECT a.active AND a.takes = '{}' AND a.currency = f.currency
              FROM ledger_account a WHERE a.id = f.account_id) IS NOT TRUE
        OR (SELECT e.recorded_at >= transaction_timestamp() FROM ledger_entry e WHERE e.id = f.entry_id) IS NOT TRUE
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger: account % cannot take this posting', odd.code
            USING ERRCODE = '23L08', DETAIL = jsonb_build_object('account', odd.code, 'name', odd.name);
    END IF;

    SELECT array_agg(DISTINCT f.account_id) INTO floored
      FROM fresh f
     WHERE (SELECT true FROM ledger_balance b WHERE b.account_id = f.account_id);
    IF floored IS NOT NULL THEN
        PERFORM public.ledger_move(
            floored, array_agg(f.entry_id), array_agg(f.account_id), array_agg(f.direction::text), array_agg(f.amount_minor))
           FROM fresh f;
    END IF;
    IF back IS NOT NULL THEN PERFORM public.ledger_return(back); END IF;
    RETURN NULL;
END $$;

-- Locks floored balances in the order of their accounts, moves them by the postings of one statement, and
-- holds them against the floor after every single entry, so that a batch is refused exactly where its
-- entries, posted one by one, would be. The caller is a trigger: nobody else may write a balance.
CREATE OR REPLACE FUNCTION public.ledger_move(
    floored bigint[], entries bigint[], accounts bigint[], sides text[], amounts bigint[]
) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    odd record;
BEGIN
    IF cardinality(floored) > 1 THEN
        PERFORM FROM ledger_balance b WHERE b.account_id = ANY (floored) ORDER BY b.account_id FOR UPDATE;
    END IF;
    IF entries[1] = ALL (entries) THEN
        WITH moved AS (
            UPDATE ledger_balance b
               SET debit_minor = b.debit_minor + m.debit, credit_minor = b.credit_minor + m.credit
              FROM (
                SELECT f.account_id,
                       coalesce(sum(f.amount) FILTER (WHERE f.side = 'DEBIT'), 0) AS debit,
                       coalesce(sum(f.amount) FILTER (WHERE f.side = 'CREDIT'), 0) AS credit
                  FROM unnest(accounts, sides, amounts) AS f(account_id, side, amount) GROUP BY f.account_id
              ) m
             WHERE b.account_id = m.account_id AND b.account_id = ANY (floored)
            RETURNING b.account_id, b.debit_minor - b.credit_minor AS now
        )
        SELECT m.account_id AS id, (SELECT e.source FROM ledger_entry e WHERE e.id = entries[1]) AS source INTO odd
          FROM moved m
          CROSS JOIN LATERAL (
            SELECT a.normal, a.floor_minor FROM ledger_account a WHERE a.id = m.account_id OFFSET 0
          ) a
         WHERE m.now * CASE a.normal WHEN 'DEBIT' THEN 1 ELSE -1 END < a.floor_minor
         ORDER BY m.account_id LIMIT 1;
    ELSE
        UPDATE ledger_balance b
           SET debit_minor = b.debit_minor + m.debit, credit_minor = b.credit_minor + m.credit
          FROM (
            SELECT f.account_id,
                   coalesce(sum(f.amount) FILTER (WHERE f.side = 'DEBIT'), 0) AS debit,
                   coalesce(sum(f.amount) FILTER (WHERE f.side = 'CREDIT'), 0) AS credit
              FROM unnest(accounts, sides, amounts) AS f(account_id, side, amount) GROUP BY f.account_id
          ) m
         WHERE b.account_id = m.account_id AND b.account_id = ANY (floored);

        SELECT a.account_id AS id, (SELECT e.source FROM ledger_entry e WHERE e.id = step.entry_id) AS source INTO odd
          FROM (
            -- Going back from the new balance: what it was after each entry of this statement.
            SELECT net.account_id, net.entry_id,
                   sum(net.moved) OVER (PARTITION BY net.account_id ORDER BY net.entry_id DESC) - net.moved AS later
              FROM (
                SELECT f.account_id, f.entry_id, sum(CASE f.side WHEN 'DEBIT' THEN f.amount ELSE -f.amount END) AS moved
                  FROM unnest(entries, accounts, sides, amounts) AS f(entry_id, account_id, side, amount)
                 WHERE f.account_id = ANY (floored) GROUP BY f.account_id, f.entry_id
              ) net
          ) step
          JOIN (
            SELECT b.account_id, b.debit_minor - b.credit_minor AS now, a.normal, a.floor_minor
              FROM ledger_balance b JOIN ledger_account a ON a.id = b.account_id
             WHERE b.account_id = ANY (floored) AND a.id = ANY (floored)
          ) a ON a.account_id = step.account_id
         WHERE (a.now - step.later) * CASE a.normal WHEN 'DEBIT' THEN 1 ELSE -1 END < a.floor_minor
         ORDER BY step.entry_id, step.account_id LIMIT 1;
    END IF;
    IF FOUND THEN
        PERFORM public.ledger_refuse_floor(odd.id, odd.source);
    END IF;
END $$;

-- Account, after insert: a party's account is like its control account; a floor brings its balance row.
CREATE OR REPLACE FUNCTION public.ledger_account_opens() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    back text;
BEGIN
    IF current_schemas(true) <> ARRAY['pg_catalog', TG_TABLE_SCHEMA, 'public']::name[] THEN
        back := public.ledger_stand(TG_TABLE_SCHEMA);
    END IF;
    IF NEW.party_kind <> '' AND NOT EXISTS (
        SELECT FROM ledger_account c
         WHERE c.id = NEW.parent_id AND NEW.party_kind = ANY (c.takes) AND c.kind = NEW.kind
           AND c.currency = NEW.currency AND c.floor_minor IS NOT DISTINCT FROM NEW.floor_minor
    ) THEN
        RAISE EXCEPTION 'ledger: account % does not fit under its control account', NEW.code
            USING ERRCODE = '23L08', DETAIL = jsonb_build_object('account', NEW.code, 'name', NEW.name);
    END IF;
    IF NEW.floor_minor IS NOT NULL AND NEW.takes = '{}' THEN
        INSERT INTO ledger_balance (account_id, debit_minor, credit_minor) VALUES (NEW.id, 0, 0);
    END IF;
    IF back IS NOT NULL THEN PERFORM public.ledger_return(back); END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION public.ledger_account_fixed() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
    RAISE EXCEPTION 'ledger: of account % only the name and whether it is active may change', OLD.code
        USING ERRCODE = '23L06', DETAIL = jsonb_build_object('account', OLD.code, 'name', OLD.name);
END $$;
