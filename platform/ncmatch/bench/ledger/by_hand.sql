-- What ours is held against: the same work as one function, as a good engineer writes it. The tables are
-- ours, column by column and index by index, with the foreign keys; the guards are in the function alone.
CREATE SCHEMA by_hand;
CREATE TABLE by_hand.account  (LIKE {tenant}.ledger_account INCLUDING ALL);
CREATE TABLE by_hand.balance  (LIKE {tenant}.ledger_balance INCLUDING ALL);
CREATE TABLE by_hand.journal  (LIKE {tenant}.ledger_journal INCLUDING ALL);
CREATE TABLE by_hand.entry    (LIKE {tenant}.ledger_entry INCLUDING ALL);
CREATE TABLE by_hand.posting  (LIKE {tenant}.ledger_posting INCLUDING ALL);
CREATE TABLE by_hand.record   (LIKE {tenant}.audit_record INCLUDING ALL);
CREATE TABLE by_hand.delivery (LIKE public.outbox_delivery INCLUDING ALL);
ALTER TABLE by_hand.balance SET (fillfactor = 50);
INSERT INTO by_hand.journal (code, name) SELECT code, name FROM {tenant}.ledger_journal;
ALTER TABLE by_hand.account ADD FOREIGN KEY (parent_id) REFERENCES by_hand.account;
ALTER TABLE by_hand.balance ADD FOREIGN KEY (account_id) REFERENCES by_hand.account;
ALTER TABLE by_hand.entry
    ADD FOREIGN KEY (journal_id) REFERENCES by_hand.journal,
    ADD FOREIGN KEY (reverses_id) REFERENCES by_hand.entry;
ALTER TABLE by_hand.posting
    ADD FOREIGN KEY (entry_id) REFERENCES by_hand.entry,
    ADD FOREIGN KEY (account_id) REFERENCES by_hand.account;

-- Accounts are named by their codes; a source that is known answers with its entry and does nothing else.
CREATE FUNCTION by_hand.post(
    journal text, kind text, source text, effective_at timestamptz, memo text, facts jsonb,
    codes text[], sides text[], amounts bigint[],
    topic text, handler text, payload jsonb, action text, actor text, before jsonb, after jsonb
) RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    accounts bigint[]; floored bigint[]; made bigint; low text; told alias for source;
BEGIN
    -- OFFSET 0: the look-up by index, with a plan that is made once.
    SELECT array_agg(a.id), array_agg(a.id) FILTER (WHERE a.floor_minor IS NOT NULL)
      INTO accounts, floored
      FROM unnest(codes) AS c(code)
      CROSS JOIN LATERAL (SELECT a.id, a.floor_minor FROM account a
                           WHERE a.code = c.code AND a.active AND a.takes = '{{}}' OFFSET 0) a;
    IF cardinality(accounts) IS DISTINCT FROM cardinality(codes)
        OR (SELECT sum(CASE l.side WHEN 'DEBIT' THEN l.amount WHEN 'CREDIT' THEN -l.amount END)
              FROM unnest(sides, amounts) AS l(side, amount)) IS DISTINCT FROM 0
    THEN
        RAISE EXCEPTION '% does not balance', told USING ERRCODE = '23000';
    END IF;

    INSERT INTO entry (public_id, journal_id, kind, source, effective_at, memo, facts)
    VALUES (uuidv7(), (SELECT j.id FROM journal j WHERE j.code = $1), kind, told, effective_at, memo, facts)
        ON CONFLICT (source) DO NOTHING RETURNING id INTO made;
    IF made IS NULL THEN
        RETURN (SELECT e.id FROM entry e WHERE e.source = told);
    END IF;

    IF floored IS NOT NULL THEN
        PERFORM FROM balance b WHERE b.account_id = ANY (floored) ORDER BY b.account_id FOR UPDATE;
        UPDATE balance b
           SET debit_minor = b.debit_minor + l.debit, credit_minor = b.credit_minor + l.credit
          FROM (SELECT l.account,
                       coalesce(sum(l.amount) FILTER (WHERE l.side = 'DEBIT'), 0) AS debit,
                       coalesce(sum(l.amount) FILTER (WHERE l.side = 'CREDIT'), 0) AS credit
                  FROM unnest(accounts, sides, amounts) AS l(account, side, amount) GROUP BY l.account) l
         WHERE b.account_id = l.account AND b.account_id = ANY (floored);
        SELECT a.code INTO low
          FROM balance b JOIN account a ON a.id = b.account_id
         WHERE b.account_id = ANY (floored)
           AND (b.debit_minor - b.credit_minor) * CASE a.normal WHEN 'DEBIT' THEN 1 ELSE -1 END < a.floor_minor
         LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION '% would fall below its floor', low USING ERRCODE = '23000';
        END IF;
    END IF;

    INSERT INTO posting (entry_id, account_id, direction, amount_minor, currency)
    SELECT made, l.account, l.side, l.amount, 'CNY' FROM unnest(accounts, sides, amounts) AS l(account, side, amount);
    INSERT INTO delivery (public_id, schema, topic, handler, payload, state, attempts, last_error)
    VALUES (uuidv7(), 'by_hand', topic, handler, payload, 'PENDING', 0, '');
    INSERT INTO record (public_id, action, actor_kind, actor_id, actor_name, user_agent, request_id,
                        object_type, object_id, before, after, note)
    VALUES (uuidv7(), action, 'SYSTEM', actor, actor, '', '', 'ledger.entry', made::text, before, after, '');
    RETURN made;
END $$;

INSERT INTO by_hand.account (id, public_id, code, name, kind, takes, party_kind, party_id, currency, floor_minor, active)
OVERRIDING SYSTEM VALUE
SELECT id, public_id, code, name, kind, takes, '', '', currency, floor_minor, active
  FROM {tenant}.ledger_account WHERE party_id <> '';
INSERT INTO by_hand.balance SELECT id, 0, 0 FROM by_hand.account WHERE floor_minor IS NOT NULL;
