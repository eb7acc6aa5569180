-- Posting: one implementation, set-based; a single entry is a batch of one. The functions belong to
-- the caller: they run with his rights, on the tables that his search_path names.

-- An entry: {"journal": code, "kind", "source", "effective_at", "exact"?, "memo"?, "facts"?, "reverses"?: id,
--   "lines": [{"side", "account": code, "party_kind"?, "party_id"?, "party_name"?, "amount": minor, "currency"?}]}
-- A line with a party means that party's account under the control account, opened if it is missing.
-- A source that the books know is not posted again: its entry comes back with posted = false if it
-- was told with the same kind and facts, and is 23L04 otherwise. All or nothing; ord counts from 1.
-- A late fact, of a day that is closed already, counts from the first moment of the first open day after
-- it and keeps its own time as happened_at; one whose date is meant ("exact": true) is 23L03 instead.
CREATE OR REPLACE FUNCTION public.ledger_post_many(entries jsonb)
RETURNS TABLE (ord bigint, entry_id bigint, posted boolean)
LANGUAGE plpgsql SECURITY INVOKER AS $$
#variable_conflict use_column
DECLARE
    ords bigint[]; accounts bigint[]; sides text[]; amounts bigint[]; currencies text[];
    lacking boolean;
    odd record;
    made bigint[];
    shut timestamptz;
BEGIN
    -- No day is closed from here on; what is closed is seen by the statements that follow.
    PERFORM pg_advisory_xact_lock_shared(hashtext('ledger_period'), hashtext(current_schema()));
    SELECT public.ledger_start(max(p.end_date)) INTO shut FROM ledger_period p WHERE p.state = 'CLOSED';

    -- Resolve the lines; what is missing is opened, and then they are resolved once more.
    FOR attempt IN 1..2 LOOP
        SELECT array_agg(r.ord), array_agg(r.account_id), array_agg(r.side), array_agg(r.amount),
               array_agg(r.currency), bool_or(r.account_id IS NULL AND r.party_id <> '')
          INTO ords, accounts, sides, amounts, currencies, lacking
          FROM (
            -- Scalar subqueries: always a look-up by index, whatever the planner thinks of a list.
            SELECT s.ord, l.side, l.amount, coalesce(l.currency, 'CNY') AS currency, l.party_id,
                   CASE WHEN coalesce(l.party_id, '') = ''
                       THEN (SELECT c.id FROM ledger_account c WHERE c.code = l.account AND c.takes = '{}')
                       ELSE (SELECT a.id FROM ledger_account a
                              WHERE a.parent_id = (SELECT c.id FROM ledger_account c WHERE c.code = l.account)
                                AND a.party_kind = l.party_kind AND a.party_kind <> '' AND a.party_id = l.party_id)
                       END AS account_id
              FROM ROWS FROM (jsonb_to_recordset(entries) AS (lines jsonb)) WITH ORDINALITY AS s(lines, ord)
              CROSS JOIN LATERAL ROWS FROM (jsonb_to_recordset(s.lines) AS (
                    side text, account text, party_kind text, party_id text, amount bigint, currency text)
              ) WITH ORDINALITY AS l(side, account, party_kind, party_id, amount, currency, n)
             ORDER BY s.ord, l.n
            OFFSET 0
          ) r;
        EXIT WHEN lacking IS NOT TRUE;
        IF attempt = 1 THEN
            PERFORM public.ledger_open_party_accounts(entries);
        END IF;
    END LOOP;

    -- Check the shape of every entry, and its sums.
    SELECT s.source, coalesce(sums.gap, 0) AS gap, sums.strange INTO odd
      FROM ROWS FROM (jsonb_to_recordset(entries) AS (source text, kind text, journal text, effective_at timestamptz))
           WITH ORDINALITY AS s(source, kind, journal, effective_at, ord)
      LEFT JOIN (
        SELECT c.ord, sum(c.number) AS number, sum(c.sound) AS sound, sum(abs(c.gap)) AS gap, bool_or(c.strange) AS strange
          FROM (
            SELECT l.ord, count(*) AS number,
                   count(*) FILTER (WHERE l.side IN ('DEBIT', 'CREDIT') AND l.amount > 0) AS sound,
                   sum(CASE l.side WHEN 'DEBIT' THEN l.amount ELSE -l.amount END) AS gap,
                   bool_or(l.account_id IS NULL) AS strange
              FROM unnest(ords, accounts, sides, amounts, currencies) AS l(ord, account_id, side, amount, currency)
             GROUP BY l.ord, l.currency
          ) c GROUP BY c.ord
      ) sums ON sums.ord = s.ord
     WHERE (sums.number >= 2 AND sums.sound = sums.number AND sums.gap = 0 AND NOT sums.strange
            AND s.source <> '' AND s.kind <> '' AND s.effective_at IS NOT NULL
            AND (SELECT true FROM ledger_journal j WHERE j.code = s.journal)) IS NOT TRUE
     ORDER BY s.ord LIMIT 1;
    IF FOUND THEN
        IF odd.gap <> 0 THEN
            RAISE EXCEPTION 'ledger: % does not balance', odd.source
                USING ERRCODE = '23L01', DETAIL = jsonb_build_object('source', odd.source, 'gap_minor', odd.gap);
        ELSIF odd.strange THEN
            RAISE EXCEPTION 'ledger: % names an account that is not in the books or cannot be posted so', odd.source
                USING ERRCODE = '23L07', DETAIL = jsonb_build_object('source', odd.source);
        END IF;
        RAISE EXCEPTION 'ledger: % is malformed', odd.source
            USING ERRCODE = '23L08', DETAIL = jsonb_build_object('source', odd.source);
    END IF;

    -- Post what is new: entries and postings in one statement; the triggers lock, check and fold.
    WITH told AS MATERIALIZED (
        SELECT DISTINCT ON (s.source) s.*
          FROM ROWS FROM (jsonb_to_recordset(entries) AS (
                journal text, kind text, source text, effective_at timestamptz, exact boolean, memo text,
                facts jsonb, reverses bigint, lines jsonb)
          ) WITH ORDINALITY AS s(journal, kind, source, effective_at, exact, memo, facts, reverses, lines, ord)
         ORDER BY s.source, s.ord
    ), dated AS (
        SELECT t.*, CASE WHEN t.effective_at < shut AND t.exact IS NOT TRUE
                         THEN public.ledger_opens(t.effective_at) END AS opens
          FROM told t
    ), written AS (
        INSERT INTO ledger_entry (public_id, journal_id, kind, source, effective_at, happened_at, memo, facts, reverses_id)
        SELECT uuidv7(), (SELECT j.id FROM ledger_journal j WHERE j.code = t.journal), t.kind, t.source,
               coalesce(t.opens, t.effective_at), CASE WHEN t.opens IS NOT NULL THEN t.effective_at END,
               coalesce(t.memo, ''), coalesce(t.facts, jsonb_build_object('lines', t.lines)), t.reverses
          FROM dated t
         ORDER BY t.ord
            ON CONFLICT (source) DO NOTHING
        RETURNING id, source
    ), lines AS (
        INSERT INTO ledger_posting (entry_id, account_id, direction, amount_minor, currency)
        SELECT w.id, l.account_id, l.side, l.amount, l.currency
          FROM unnest(ords, accounts, sides, amounts, currencies)
               WITH ORDINALITY AS l(ord, account_id, side, amount, currency, n)
          JOIN told t ON t.ord = l.ord
          JOIN written w ON w.source = t.source
         ORDER BY l.n
    )
    SELECT array_agg(w.id) INTO made FROM written w;

    -- Check: a source told before was told the same.
    IF coalesce(cardinality(made), 0) < jsonb_array_length(entries) THEN
        SELECT s.source INTO odd
          FROM jsonb_to_recordset(entries) AS s(kind text, source text, facts jsonb, lines jsonb)
          LEFT JOIN LATERAL (
            SELECT e.kind, e.facts FROM ledger_entry e WHERE e.source = s.source OFFSET 0
          ) e ON true
         WHERE (e.kind = s.kind AND e.facts = coalesce(s.facts, jsonb_build_object('lines', s.lines))) IS NOT TRUE
         LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'ledger: % is in the books with other contents', odd.source
                USING ERRCODE = '23L04', DETAIL = jsonb_build_object('source', odd.source);
        END IF;
    END IF;

    RETURN QUERY
    SELECT r.ord, r.id, coalesce(r.id = ANY (made) AND row_number() OVER (PARTITION BY r.id ORDER BY r.ord) = 1, false)
      FROM (
        SELECT s.ord, (SELECT e.id FROM ledger_entry e WHERE e.source = s.source) AS id
          FROM ROWS FROM (jsonb_to_recordset(entries) AS (source text)) WITH ORDINALITY AS s(source, ord)
      ) r
     ORDER BY r.ord;
END $$;

-- Opens the accounts of parties that are new to their control accounts; in the order of their
-- codes, so that two callers that open the same ones wait for each other and never in a circle.
CREATE OR REPLACE FUNCTION public.ledger_open_party_accounts(entries jsonb) RETURNS void
LANGUAGE sql VOLATILE SECURITY INVOKER AS $$
    INSERT INTO ledger_account
           (public_id, code, name, kind, parent_id, takes, party_kind, party_id, currency, floor_minor, active)
    SELECT uuidv7(), w.code, w.name, c.kind, c.id, '{}', w.party_kind, w.party_id, c.currency, c.floor_minor, true
      FROM (
        SELECT DISTINCT ON (1)
               l.account || '.' || lower(l.party_kind) || '.' || l.party_id AS code,
               l.account AS control, l.party_kind, l.party_id,
               coalesce(nullif(l.party_name, ''), l.party_id) AS name
          FROM jsonb_to_recordset(entries) AS s(lines jsonb)
          CROSS JOIN LATERAL jsonb_to_recordset(s.lines)
            AS l(account text, party_kind text, party_id text, party_name text)
         WHERE l.party_id <> ''
         ORDER BY 1
      ) w
      JOIN ledger_account c ON c.code = w.control AND w.party_kind = ANY (c.takes)
     WHERE NOT EXISTS (
        SELECT FROM ledger_account a
         WHERE a.parent_id = c.id AND a.party_kind = w.party_kind AND a.party_id = w.party_id)
     ORDER BY w.code
        ON CONFLICT DO NOTHING;
$$;

-- Posts one entry and returns its id; see ledger_post_many.
CREATE OR REPLACE FUNCTION public.ledger_post(
    journal text, kind text, source text, effective_at timestamptz, lines jsonb,
    memo text DEFAULT '', facts jsonb DEFAULT NULL, reverses bigint DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
    RETURN (
        SELECT p.entry_id FROM public.ledger_post_many(jsonb_build_array(jsonb_build_object(
            'journal', journal, 'kind', kind, 'source', source, 'effective_at', effective_at,
            'memo', memo, 'reverses', reverses, 'lines', lines, 'facts', facts))) p
    );
END $$;

-- Posts the negated copy of an entry: sides swapped, accounts and amounts as they were written.
CREATE OR REPLACE FUNCTION public.ledger_reverse(entry bigint, source text, effective_at timestamptz, memo text)
RETURNS bigint
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    original record;
BEGIN
    SELECT e.source, e.reverses_id, j.code AS journal, jsonb_agg(jsonb_build_object(
               'side', CASE p.direction WHEN 'DEBIT' THEN 'CREDIT' ELSE 'DEBIT' END,
               'account', a.code, 'amount', p.amount_minor, 'currency', p.currency) ORDER BY p.id) AS lines
      INTO original
      FROM ledger_entry e
      JOIN ledger_journal j ON j.id = e.journal_id
      JOIN ledger_posting p ON p.entry_id = e.id
      JOIN ledger_account a ON a.id = p.account_id
     WHERE e.id = entry
     GROUP BY e.id, j.id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'ledger: there is no entry %', entry
            USING ERRCODE = '23L07', DETAIL = jsonb_build_object('source', source);
    ELSIF original.reverses_id IS NOT NULL THEN
        RAISE EXCEPTION 'ledger: % is a reversal itself', original.source
            USING ERRCODE = '23L09', DETAIL = jsonb_build_object('source', source);
    END IF;
    RETURN public.ledger_post(original.journal, 'reversal', source, effective_at, original.lines,
                              memo, jsonb_build_object('reverses', original.source), entry);
END $$;
