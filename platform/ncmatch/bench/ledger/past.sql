-- Three years of recharges, up to as many postings as are asked for. Half go by one channel; one entry in a thousand
-- was told ten days late. The guards are off, because none of this could be recorded in the past otherwise.
ALTER TABLE ledger_entry DISABLE TRIGGER USER;
ALTER TABLE ledger_posting DISABLE TRIGGER USER;
WITH party AS (
    SELECT array_agg(a.id) FILTER (WHERE a.party_kind = 'CHANNEL') AS channels,
           array_agg(a.id) FILTER (WHERE a.party_kind = 'CUSTOMER') AS customers
      FROM ledger_account a WHERE a.party_id <> ''
), written AS (
    INSERT INTO ledger_entry (public_id, journal_id, kind, source, effective_at, recorded_at, memo, facts)
    SELECT uuidv7(), j.id, 'recharge', 'past:' || n, at - CASE WHEN n % 1000 = 0 THEN interval '10 days' ELSE interval '0' END,
           at + interval '1 second', '', '{{}}'
      FROM generate_series({first}::bigint, {last}::bigint) AS n
      CROSS JOIN LATERAL (SELECT {begin}::timestamptz + n * ({end}::timestamptz - {begin}::timestamptz) / {all}::bigint AS at) t
      CROSS JOIN (SELECT id FROM ledger_journal WHERE code = 'CASH') j
    RETURNING id
)
INSERT INTO ledger_posting (entry_id, account_id, direction, amount_minor, currency)
SELECT w.id, CASE WHEN side = 'CREDIT' THEN p.customers[1 + w.id * 7919 % cardinality(p.customers)]
                  WHEN w.id % 2 = 0 THEN p.channels[1]
                  ELSE p.channels[1 + w.id * 104729 % cardinality(p.channels)] END,
       side, 100 + w.id % 900, 'CNY'
  FROM written w CROSS JOIN party p CROSS JOIN (VALUES ('DEBIT'), ('CREDIT')) AS s(side);
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE ledger_entry ENABLE TRIGGER USER;
ALTER TABLE ledger_posting ENABLE TRIGGER USER;
