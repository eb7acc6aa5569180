-- Posting: one implementation. A schema's view `ledger_told` is its door: a row inserted there is a batch of
-- entries, and comes back with what became of them. One statement, one message, and nothing to read again. The
-- functions belong to the caller: they run with his rights, on the tables that his search_path names.

-- An entry: {"journal": code, "kind", "source", "effective_at", "exact"?, "memo"?, "facts"?, "reverses"?: id,
--   "lines": [{"side", "account": code, "party_kind"?, "party_id"?, "party_name"?, "amount": minor, "currency"?}],
--   "news"?: [{"topic", "handler", "payload"}], "record"?: {"action", "actor_kind", "actor_id", …}}
-- A line with a party means that party's account under the control account, opened if it is missing.
-- A source that the books know is not posted again: its entry comes back as it is (posted = false) if it
-- was told with the same kind and facts, and is 23L04 otherwise. All or nothing.
-- A late fact, of a day that is closed already, counts from the first moment of the first open day after
-- it and keeps its own time as happened_at; one whose date is meant ("exact": true) is 23L03 instead.
-- News for the outbox and a record for the audit (of the entry, unless it names another object) are written
-- with an entry that is new, and with no other.
-- `mark` says by which rules the entries were made: if those are not the rules any more, nothing is
-- written and `posted` is null. Otherwise it has an array for each entry, in their order:
-- [id, posted, public_id, journal_id, effective_at, happened_at, recorded_at, memo].
CREATE OR REPLACE FUNCTION public.ledger_tell() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
#variable_conflict use_column
DECLARE
    back text;
    ords bigint[]; accounts bigint[]; sides text[]; amounts bigint[]; currencies text[]; floored bigint[];
    lacking boolean; sound boolean; fit boolean; locked boolean; journal bigint; first timestamptz; shut timestamptz; stands uuid;
    one jsonb; happened timestamptz; made record; debit bigint; credit bigint; lowest bigint; normal text; now_minor bigint;
BEGIN
    IF current_schemas(true) <> ARRAY['pg_catalog', TG_TABLE_SCHEMA, 'public']::name[] THEN
        back := public.ledger_stand(TG_TABLE_SCHEMA);
    END IF;
    -- No day is closed from here on; what is closed is seen by the statements that follow.
    locked := pg_advisory_xact_lock_shared(hashtext('ledger_period'), hashtext(TG_TABLE_SCHEMA)) IS NULL;

    -- The common case, one entry that lacks nothing and balances in one currency, is resolved without ado.
    IF jsonb_array_length(NEW.entries) = 1 THEN
        one := NEW.entries -> 0;
        SELECT array_agg(r.account_id), array_agg(r.side), array_agg(r.amount), array_agg(r.currency),
               array_agg(r.account_id) FILTER (WHERE r.floor_minor IS NOT NULL),
               bool_and(r.fit IS TRUE AND r.amount > 0 AND r.side IN ('DEBIT', 'CREDIT'))
                   AND sum(CASE r.side WHEN 'DEBIT' THEN r.amount ELSE -r.amount END) = 0
                   AND min(r.currency) = max(r.currency),
               sum(CASE r.side WHEN 'DEBIT' THEN r.amount ELSE 0 END) FILTER (WHERE r.floor_minor IS NOT NULL),
               sum(CASE r.side WHEN 'CREDIT' THEN r.amount ELSE 0 END) FILTER (WHERE r.floor_minor IS NOT NULL),
               min(r.floor_minor), min(r.normal) FILTER (WHERE r.floor_minor IS NOT NULL),
               (SELECT public.ledger_start(max(p.end_date)) FROM ledger_period p WHERE p.state = 'CLOSED'),
               (SELECT b.mark FROM ledger_rulebook b),
               (SELECT j.id FROM ledger_journal j WHERE j.code = one ->> 'journal')
          INTO accounts, sides, amounts, currencies, floored, sound, debit, credit, lowest, normal, shut, stands, journal
          FROM (
            SELECT l ->> 'side' AS side, (l ->> 'amount')::bigint AS amount, coalesce(l ->> 'currency', 'CNY') AS currency,
                   a.id AS account_id, a.normal, a.floor_minor, a.active AND a.currency = coalesce(l ->> 'currency', 'CNY') AS fit
              FROM jsonb_array_elements(one -> 'lines') AS l
              LEFT JOIN LATERAL (
                SELECT a.id, a.active, a.currency, a.floor_minor, a.normal FROM ledger_account a
                 WHERE a.code = l ->> 'account' AND a.takes = '{}' AND coalesce(l ->> 'party_id', '') = ''
                UNION ALL
                SELECT a.id, a.active, a.currency, a.floor_minor, a.normal FROM ledger_account a
                 WHERE a.parent_id = (SELECT c.id FROM ledger_account c WHERE c.code = l ->> 'account')
                   AND a.party_kind = l ->> 'party_kind' AND a.party_kind <> '' AND a.party_id = l ->> 'party_id'
                   AND l ->> 'party_id' <> ''
                OFFSET 0
              ) a ON true
            OFFSET 0
          ) r;
        first := (one ->> 'effective_at')::timestamptz;
        IF NEW.mark <> stands THEN
            IF back IS NOT NULL THEN PERFORM public.ledger_return(back); END IF;
            RETURN NEW;
        END IF;
        IF (sound AND journal IS NOT NULL AND one ->> 'source' <> '' AND one ->> 'kind' <> '' AND first IS NOT NULL) IS NOT TRUE THEN
            one := NULL;
        END IF;
    END IF;

    -- Any other: what is missing is opened, and then the lines are resolved once more.
    IF one IS NULL THEN
        FOR attempt IN 1..2 LOOP
            SELECT array_agg(r.ord), array_agg(r.account_id), array_agg(r.side), array_agg(r.amount), array_agg(r.currency),
                   array_agg(r.account_id) FILTER (WHERE r.floored),
                   bool_or(r.account_id IS NULL AND r.party_id <> ''), bool_and(r.fit), min(r.effective_at),
                   (SELECT public.ledger_start(max(p.end_date)) FROM ledger_period p WHERE p.state = 'CLOSED'),
                   (SELECT b.mark FROM ledger_rulebook b)
              INTO ords, accounts, sides, amounts, currencies, floored, lacking, fit, first, shut, stands
              FROM (
                -- OFFSET 0: always a look-up by index, whatever the planner thinks of a list.
                SELECT s.ord, s.effective_at, l.side, l.amount, l.party_id, coalesce(l.currency, 'CNY') AS currency,
                       CASE WHEN l.party_id <> '' THEN a.id WHEN c.takes = '{}' THEN c.id END AS account_id,
                       CASE WHEN l.party_id <> '' THEN a.floored ELSE c.floored END AS floored,
                       CASE WHEN l.party_id <> '' THEN a.active AND a.currency = coalesce(l.currency, 'CNY')
                            ELSE c.active AND c.currency = coalesce(l.currency, 'CNY') END AS fit
                  FROM ROWS FROM (jsonb_to_recordset(NEW.entries) AS (effective_at timestamptz, lines jsonb))
                       WITH ORDINALITY AS s(effective_at, lines, ord)
                  LEFT JOIN LATERAL ROWS FROM (jsonb_to_recordset(s.lines) AS (
                        side text, account text, party_kind text, party_id text, amount bigint, currency text)
                  ) WITH ORDINALITY AS l(side, account, party_kind, party_id, amount, currency, n) ON true
                  LEFT JOIN LATERAL (
                    SELECT c.id, c.takes, c.active, c.currency, c.floor_minor IS NOT NULL AS floored
                      FROM ledger_account c WHERE c.code = l.account OFFSET 0
                  ) c ON true
                  LEFT JOIN LATERAL (
                    SELECT a.id, a.active, a.currency, a.floor_minor IS NOT NULL AS floored
                      FROM ledger_account a
                     WHERE a.parent_id = c.id AND a.party_kind = l.party_kind AND a.party_kind <> ''
                       AND a.party_id = l.party_id OFFSET 0
                  ) a ON l.party_id <> ''
                 ORDER BY s.ord, l.n
                OFFSET 0
              ) r;
            IF NEW.mark <> stands THEN
                IF back IS NOT NULL THEN PERFORM public.ledger_return(back); END IF;
                RETURN NEW;
            END IF;
            EXIT WHEN lacking IS NOT TRUE;
            IF attempt = 1 THEN
                PERFORM public.ledger_open_party_accounts(NEW.entries);
            END IF;
        END LOOP;
        PERFORM public.ledger_refuse_shape(NEW.entries, ords, accounts, sides, amounts, currencies);
        IF fit IS FALSE THEN
            PERFORM public.ledger_refuse_accounts(accounts, currencies);
        END IF;
    END IF;
    IF first < shut THEN
        PERFORM public.ledger_refuse_closed(NEW.entries);
    END IF;

    IF one IS NOT NULL THEN
        first := coalesce(CASE WHEN first < shut AND (one ->> 'exact')::boolean IS NOT TRUE
                               THEN public.ledger_opens(first) END, first);
        happened := (one ->> 'effective_at')::timestamptz;
        INSERT INTO ledger_entry (public_id, journal_id, kind, source, effective_at, happened_at, memo, facts, reverses_id)
        VALUES (uuidv7(), journal, one ->> 'kind', one ->> 'source', first, nullif(happened, first),
                coalesce(one ->> 'memo', ''), coalesce(one -> 'facts', jsonb_build_object('lines', one -> 'lines')),
                (one ->> 'reverses')::bigint)
            ON CONFLICT (source) DO NOTHING
        RETURNING id, public_id, recorded_at INTO made;
        IF made.id IS NOT NULL THEN
            INSERT INTO ledger_posting (entry_id, account_id, direction, amount_minor, currency)
            SELECT made.id, l.account_id, l.side, l.amount, l.currency
              FROM unnest(accounts, sides, amounts, currencies) AS l(account_id, side, amount, currency);
            IF cardinality(floored) = 1 THEN -- as ledger_move does, of one balance
                UPDATE ledger_balance b
                   SET debit_minor = b.debit_minor + debit, credit_minor = b.credit_minor + credit
                 WHERE b.account_id = floored[1]
                RETURNING CASE normal WHEN 'DEBIT' THEN 1 ELSE -1 END * (b.debit_minor - b.credit_minor) INTO now_minor;
                IF now_minor < lowest THEN
                    PERFORM public.ledger_refuse_floor(floored[1], one ->> 'source');
                END IF;
            ELSIF floored IS NOT NULL THEN
                PERFORM public.ledger_move(floored, ARRAY[made.id], accounts, sides, amounts);
            END IF;
            IF one ? 'news' THEN
                INSERT INTO public.outbox_delivery (public_id, schema, topic, handler, payload, state, attempts, last_error)
                SELECT uuidv7(), current_user, n ->> 'topic', n ->> 'handler', n -> 'payload', 'PENDING', 0, ''
                  FROM jsonb_array_elements(one -> 'news') AS n;
            END IF;
            IF one ? 'record' THEN
                one := one -> 'record';
                INSERT INTO audit_record (public_id, action, actor_kind, actor_id, actor_name, ip, user_agent, request_id,
                                          object_type, object_id, before, after, note)
                VALUES (uuidv7(), one ->> 'action', one ->> 'actor_kind', one ->> 'actor_id', one ->> 'actor_name',
                        (one ->> 'ip')::inet, one ->> 'user_agent', one ->> 'request_id',
                        coalesce(nullif(one ->> 'object_type', ''), 'ledger.entry'),
                        coalesce(nullif(one ->> 'object_id', ''), made.public_id::text),
                        nullif(one -> 'before', 'null'), nullif(one -> 'after', 'null'), one ->> 'note');
            END IF;
            NEW.posted := jsonb_build_array(jsonb_build_array(
                made.id, true, made.public_id, journal, first, nullif(happened, first), made.recorded_at,
                NEW.entries -> 0 -> 'memo'));
        END IF;
    ELSE
        NEW.posted := public.ledger_tell_many(NEW.entries, ords, accounts, sides, amounts, currencies, floored, shut);
    END IF;
    IF NEW.posted IS NULL THEN
        NEW.posted := public.ledger_told_before(NEW.entries, '{}');
    END IF;
    IF back IS NOT NULL THEN PERFORM public.ledger_return(back); END IF;
    RETURN NEW;
END $$;

-- Of ledger_tell: what is new of a batch, with all that goes along, in one statement.
CREATE OR REPLACE FUNCTION public.ledger_tell_many(
    entries jsonb, ords bigint[], accounts bigint[], sides text[], amounts bigint[], currencies text[],
    floored bigint[], shut timestamptz
) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    made record;
BEGIN
    WITH told AS MATERIALIZED (
        SELECT DISTINCT ON (s.source) s.*,
               CASE WHEN s.effective_at < shut AND s.exact IS NOT TRUE
                    THEN public.ledger_opens(s.effective_at) END AS opens
          FROM ROWS FROM (jsonb_to_recordset(entries) AS (
                journal text, kind text, source text, effective_at timestamptz, exact boolean, memo text,
                facts jsonb, reverses bigint, lines jsonb, news jsonb, record jsonb)
          ) WITH ORDINALITY AS s(journal, kind, source, effective_at, exact, memo, facts, reverses, lines, news, record, ord)
         ORDER BY s.source, s.ord
    ), written AS (
        INSERT INTO ledger_entry (public_id, journal_id, kind, source, effective_at, happened_at, memo, facts, reverses_id)
        SELECT uuidv7(), (SELECT j.id FROM ledger_journal j WHERE j.code = t.journal), t.kind, t.source,
               coalesce(t.opens, t.effective_at), CASE WHEN t.opens IS NOT NULL THEN t.effective_at END,
               coalesce(t.memo, ''), coalesce(t.facts, jsonb_build_object('lines', t.lines)), t.reverses
          FROM told t
         ORDER BY t.ord
            ON CONFLICT (source) DO NOTHING
        RETURNING *
    ), fresh AS MATERIALIZED (
        SELECT w.id, w.public_id, w.journal_id, w.effective_at, w.happened_at, w.recorded_at, w.memo, t.ord, t.news, t.record
          FROM written w JOIN told t ON t.source = w.source
    ), lines AS (
        INSERT INTO ledger_posting (entry_id, account_id, direction, amount_minor, currency)
        SELECT w.id, l.account_id, l.side, l.amount, l.currency
          FROM unnest(ords, accounts, sides, amounts, currencies)
               WITH ORDINALITY AS l(ord, account_id, side, amount, currency, n)
          JOIN fresh w ON w.ord = l.ord
         ORDER BY l.n
        RETURNING entry_id, account_id, direction::text, amount_minor
    ), news AS (
        INSERT INTO public.outbox_delivery (public_id, schema, topic, handler, payload, state, attempts, last_error)
        SELECT uuidv7(), current_user, n.topic, n.handler, n.payload, 'PENDING', 0, ''
          FROM fresh w
          CROSS JOIN LATERAL jsonb_to_recordset(w.news) AS n(topic text, handler text, payload jsonb)
    ), record AS (
        INSERT INTO audit_record (public_id, action, actor_kind, actor_id, actor_name, ip, user_agent, request_id,
                                  object_type, object_id, before, after, note)
        SELECT uuidv7(), r.action, r.actor_kind, r.actor_id, r.actor_name, r.ip, r.user_agent, r.request_id,
               coalesce(nullif(r.object_type, ''), 'ledger.entry'),
               coalesce(nullif(r.object_id, ''), w.public_id::text), r.before, r.after, r.note
          FROM fresh w
          CROSS JOIN LATERAL jsonb_to_record(w.record) AS r(
                action text, actor_kind text, actor_id text, actor_name text, ip inet, user_agent text,
                request_id text, object_type text, object_id text, before jsonb, after jsonb, note text)
         WHERE w.record IS NOT NULL
    ), moved AS (
        SELECT array_agg(l.entry_id) AS entries, array_agg(l.account_id) AS accounts,
               array_agg(l.direction) AS sides, array_agg(l.amount_minor) AS amounts FROM lines l
    )
    SELECT f.ords, f.posted, m.* INTO made
      FROM moved m, (
        SELECT array_agg(w.ord) AS ords,
               jsonb_agg(jsonb_build_array(
                    w.id, true, w.public_id, w.journal_id, w.effective_at, w.happened_at, w.recorded_at, w.memo
               ) ORDER BY w.ord) AS posted
          FROM fresh w
      ) f;
    IF floored IS NOT NULL AND made.entries IS NOT NULL THEN
        PERFORM public.ledger_move(floored, made.entries, made.accounts, made.sides, made.amounts);
    END IF;
    IF cardinality(made.ords) = jsonb_array_length(entries) THEN
        RETURN made.posted;
    END IF;
    RETURN public.ledger_told_before(entries, coalesce(made.ords, '{}'));
END $$;

-- Of ledger_tell: where not all was new. What was told before was told the same, and comes back as it is;
-- `fresh` are the places of what this batch wrote.
CREATE OR REPLACE FUNCTION public.ledger_told_before(entries jsonb, fresh bigint[]) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    odd record;
BEGIN
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
    RETURN (
        SELECT jsonb_agg(jsonb_build_array(
                    e.id, s.ord = ANY (fresh), e.public_id, e.journal_id, e.effective_at, e.happened_at, e.recorded_at, e.memo
               ) ORDER BY s.ord)
          FROM ROWS FROM (jsonb_to_recordset(entries) AS (source text)) WITH ORDINALITY AS s(source, ord)
          JOIN LATERAL (SELECT e.* FROM ledger_entry e WHERE e.source = s.source OFFSET 0) e ON true
    );
END $$;

-- Refuses the first entry of a batch that does not balance or is malformed; two postings at the least.
CREATE OR REPLACE FUNCTION public.ledger_refuse_shape(
    entries jsonb, ords bigint[], accounts bigint[], sides text[], amounts bigint[], currencies text[]
) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    odd record;
BEGIN
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
END $$;

-- Refuses the first account that is switched off or kept in another currency.
CREATE OR REPLACE FUNCTION public.ledger_refuse_accounts(accounts bigint[], currencies text[]) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    odd record;
BEGIN
    SELECT a.code, a.name INTO odd
      FROM unnest(accounts, currencies) WITH ORDINALITY AS l(account_id, currency, n)
      JOIN ledger_account a ON a.id = l.account_id
     WHERE NOT a.active OR a.currency <> l.currency
     ORDER BY l.n LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger: account % cannot take this posting', odd.code
            USING ERRCODE = '23L08', DETAIL = jsonb_build_object('account', odd.code, 'name', odd.name);
    END IF;
END $$;

-- Says which account a source would take below its floor.
CREATE OR REPLACE FUNCTION public.ledger_refuse_floor(account bigint, source text) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    low record;
BEGIN
    SELECT a.code, a.name INTO low FROM ledger_account a WHERE a.id = account;
    RAISE EXCEPTION 'ledger: % would take account % below its floor', source, low.code
        USING ERRCODE = '23L02', DETAIL = jsonb_build_object('account', low.code, 'name', low.name, 'source', source);
END $$;

-- Refuses an entry whose date is meant and is closed.
CREATE OR REPLACE FUNCTION public.ledger_refuse_closed(entries jsonb) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    late record;
BEGIN
    SELECT s.source, p.start_date, p.end_date INTO late
      FROM jsonb_to_recordset(entries) AS s(source text, effective_at timestamptz, exact boolean)
      JOIN ledger_period p
        ON p.state = 'CLOSED'
       AND public.ledger_day(s.effective_at) >= p.start_date
       AND public.ledger_day(s.effective_at) < p.end_date
     WHERE s.exact AND NOT EXISTS (SELECT FROM ledger_entry e WHERE e.source = s.source)
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger: % falls into the closed period % – %', late.source, late.start_date, late.end_date
            USING ERRCODE = '23L03', DETAIL = jsonb_build_object(
                'source', late.source, 'start', late.start_date, 'end', late.end_date);
    END IF;
END $$;

-- The same door for SQL: what became of each entry; ord counts from 1.
CREATE OR REPLACE FUNCTION public.ledger_post_many(entries jsonb)
RETURNS TABLE (ord bigint, entry_id bigint, posted boolean)
LANGUAGE plpgsql SECURITY INVOKER AS $$
#variable_conflict use_column
DECLARE
    became jsonb;
BEGIN
    INSERT INTO ledger_told AS t (entries) VALUES (ledger_post_many.entries) RETURNING t.posted INTO became;
    RETURN QUERY
    SELECT n, (r ->> 0)::bigint, (r ->> 1)::boolean FROM jsonb_array_elements(became) WITH ORDINALITY AS e(r, n);
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
