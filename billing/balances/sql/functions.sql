-- What the lots refuse by themselves, whoever writes: trigger functions, shared by all schemas.
-- Refusals are class 23 with a stable SQLSTATE, as the ledger's are:
--   23B01 a lot moves by its uses alone   23B02 a use that does not fit its lot or its hold

-- Lot uses, after each statement: every lot moves by them (its CHECK refuses to be overdrawn), each is of
-- its lot's own customer, and no hold has let go more of a lot than it took, or got back more than was spent.
CREATE OR REPLACE FUNCTION public.balances_uses_land() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    back text;
    odd bigint;
BEGIN
    IF current_schemas(true) <> ARRAY['pg_catalog', TG_TABLE_SCHEMA, 'public']::name[] THEN
        back := public.ledger_stand(TG_TABLE_SCHEMA);
    END IF;
    PERFORM FROM balances_lot l WHERE l.id IN (SELECT f.lot_id FROM fresh f) ORDER BY l.id FOR UPDATE;
    SELECT f.lot_id INTO odd
      FROM fresh f
      JOIN balances_lot l ON l.id = f.lot_id
      LEFT JOIN balances_hold h ON h.id = f.hold_id
     WHERE l.customer_id <> f.customer_id OR h.customer_id <> f.customer_id
     LIMIT 1;
    IF odd IS NULL THEN
        SELECT t.lot_id INTO odd
          FROM (
            SELECT u.lot_id, sum(u.held_change) AS held,
                   sum(CASE u.way WHEN 'CAPTURE' THEN u.amount_minor WHEN 'RETURN' THEN -u.amount_minor ELSE 0 END) AS spent
              FROM balances_lotuse u
              JOIN (SELECT DISTINCT f.hold_id, f.lot_id FROM fresh f WHERE f.hold_id IS NOT NULL) own
                ON own.hold_id = u.hold_id AND own.lot_id = u.lot_id
             GROUP BY u.hold_id, u.lot_id
          ) t
         WHERE t.held < 0 OR t.spent < 0
         LIMIT 1;
    END IF;
    IF odd IS NOT NULL THEN
        RAISE EXCEPTION 'balances: a use does not fit lot %', odd
            USING ERRCODE = '23B02', DETAIL = jsonb_build_object('lot', odd);
    END IF;
    UPDATE balances_lot l
       SET left_minor = l.left_minor + m.free, held_minor = l.held_minor + m.held
      FROM (
        SELECT f.lot_id, sum(f.free_change) AS free, sum(f.held_change) AS held FROM fresh f GROUP BY f.lot_id
      ) m
     WHERE l.id = m.lot_id;
    IF back IS NOT NULL THEN PERFORM public.ledger_return(back); END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION public.balances_refuse() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
    RAISE EXCEPTION 'balances: % of % is refused: %', lower(TG_OP), TG_TABLE_NAME, TG_ARGV[0]
        USING ERRCODE = '23B01', DETAIL = jsonb_build_object('table', TG_TABLE_NAME);
END $$;

-- The lots of a customer that money can be taken from now, in the order of use; the customer's balance is
-- locked, by whoever moves it, until the transaction ends. The lock comes before the look: what
-- somebody else has just put back is seen.
CREATE OR REPLACE FUNCTION public.balances_usable(customer uuid, at timestamptz)
RETURNS TABLE (id bigint, kind text, left_minor bigint, origin_id uuid)
LANGUAGE plpgsql SECURITY INVOKER AS $$
#variable_conflict use_column
BEGIN
    PERFORM public.balances_lock(customer);
    RETURN QUERY
    SELECT l.id, l.kind::text, l.left_minor, l.origin_id
      FROM balances_lot l
     WHERE l.customer_id = customer AND l.left_minor > 0 AND (l.expires_at IS NULL OR l.expires_at > at)
     ORDER BY CASE l.kind WHEN 'PROMO' THEN 1 WHEN 'GIFTED' THEN 2 ELSE 3 END, l.expires_at, l.id;
END $$;

CREATE OR REPLACE FUNCTION public.balances_lock(customer uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY INVOKER AS $$
    SELECT pg_advisory_xact_lock(hashtext('balances'), hashtext(current_schema() || customer::text));
$$;

-- An entry that moved lots is not reversed by itself: the lots would say one thing and the books another.
-- The state is the ledger's own, so that it is told as any entry that cannot be reversed.
CREATE OR REPLACE FUNCTION public.balances_entry_reversed() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    back text;
    moved boolean;
BEGIN
    IF current_schemas(true) <> ARRAY['pg_catalog', TG_TABLE_SCHEMA, 'public']::name[] THEN
        back := public.ledger_stand(TG_TABLE_SCHEMA);
    END IF;
    moved := EXISTS (SELECT FROM balances_lotuse u WHERE u.entry_id = NEW.reverses_id);
    IF back IS NOT NULL THEN PERFORM public.ledger_return(back); END IF;
    IF moved THEN
        RAISE EXCEPTION 'balances: % moved a customer''s lots', NEW.reverses_id
            USING ERRCODE = '23L09', DETAIL = jsonb_build_object('source', NEW.source);
    END IF;
    RETURN NEW;
END $$;
