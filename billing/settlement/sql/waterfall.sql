-- The three doors through which the price waterfall and its obligations are written.
-- They run with the owner's rights, because a seller may neither read the terms above its parent
-- nor write another's hop; each asks who stands at the door (the session's role) and does nothing else.

CREATE OR REPLACE FUNCTION public.freeze_waterfall(
    p_trace uuid, p_plan bigint, p_hours numeric, p_at timestamptz)
RETURNS bigint  -- what the seller itself will owe, in minor units
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_seller   bigint := public.current_distributor_id();
    v_list     numeric;
    v_supplier bigint;
    v_debtor   bigint;
    v_creditor bigint;
    v_percent  numeric;
    v_position smallint := 0;
    v_amount   bigint;
    v_own      bigint;
    v_owner    bigint;
    v_hours    numeric;
BEGIN
    IF v_seller IS NULL THEN
        RAISE EXCEPTION 'only a distributor can sell' USING ERRCODE = 'NC001';
    END IF;
    SELECT amount_minor, debtor_id, hours INTO v_own, v_owner, v_hours
      FROM settlement_pricehop WHERE trace_id = p_trace AND position = 0;
    IF FOUND THEN
        IF v_owner <> v_seller OR v_hours <> p_hours THEN
            RAISE EXCEPTION 'waterfall % is not of this seller', p_trace USING ERRCODE = 'NC005';
        END IF;
        RETURN v_own;
    END IF;
    -- The seller says when and how long; it may not choose a moment of better terms, nor no hours.
    IF p_hours <> trunc(p_hours) OR p_hours NOT BETWEEN 1 AND 8784
       OR p_at NOT BETWEEN clock_timestamp() - interval '5 minutes'
                       AND clock_timestamp() + interval '1 minute' THEN
        RAISE EXCEPTION 'not an hour or a moment to sell at' USING ERRCODE = 'NC008';
    END IF;
    SELECT pr.list_hourly, o.supplier_id INTO v_list, v_supplier
      FROM catalog_plan pl
      JOIN catalog_offering o ON o.id = pl.offering_id AND o.state = 'ACTIVE'
      JOIN catalog_price pr ON pr.plan_id = pl.id AND pr.effective @> p_at
     WHERE pl.id = p_plan AND pl.state = 'ACTIVE';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'plan % has no price', p_plan USING ERRCODE = 'NC002';
    END IF;
    v_debtor := v_seller;
    LOOP
        SELECT parent_id INTO v_creditor FROM distributors_distributor WHERE id = v_debtor;
        IF v_creditor IS NOT NULL THEN
            SELECT wholesale_percent INTO v_percent FROM distributors_resellerterms
             WHERE child_id = v_debtor AND valid @> p_at;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'distributor % has no terms in force', v_debtor USING ERRCODE = 'NC003';
            END IF;
        ELSE
            SELECT cost_percent INTO v_percent FROM suppliers_supplyagreement
             WHERE supplier_id = v_supplier AND state = 'ACTIVE'
               AND valid_during @> (p_at AT TIME ZONE 'Asia/Shanghai')::date;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'supplier % has no agreement in force', v_supplier USING ERRCODE = 'NC004';
            END IF;
        END IF;
        -- Rounded once, half up (amounts are not negative), like kernel.money.charge.
        v_amount := round(v_list * v_percent / 100 * p_hours * 100);
        INSERT INTO settlement_pricehop (trace_id, position, debtor_id, creditor_id, supplier_id,
                                         amount_minor, currency, list_hourly, percent, hours, frozen_at)
        VALUES (p_trace, v_position, v_debtor, v_creditor,
                CASE WHEN v_creditor IS NULL THEN v_supplier END,
                v_amount, 'CNY', v_list, v_percent, p_hours, p_at);
        IF v_position = 0 THEN
            v_own := v_amount;
        END IF;
        EXIT WHEN v_creditor IS NULL;
        v_debtor := v_creditor;
        v_position := v_position + 1;
    END LOOP;
    RETURN v_own;
END $$;

CREATE OR REPLACE FUNCTION public.record_sale(p_trace uuid, p_effective timestamptz)
RETURNS integer  -- how many obligations came about; 0 when they stood already
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_count integer;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM settlement_pricehop
                    WHERE trace_id = p_trace AND position = 0
                      AND debtor_id = public.current_distributor_id()) THEN
        RAISE EXCEPTION 'no frozen waterfall % of this seller', p_trace USING ERRCODE = 'NC005';
    END IF;
    WITH written AS (
        INSERT INTO settlement_obligation (public_id, trace_id, position, kind, debtor_id, creditor_id,
                                           supplier_id, amount_minor, currency, effective_at)
        SELECT uuidv7(), trace_id, position, 'SALE', debtor_id, creditor_id, supplier_id,
               amount_minor, currency, p_effective
          FROM settlement_pricehop WHERE trace_id = p_trace AND amount_minor > 0 ORDER BY position
        ON CONFLICT (trace_id, position, kind) DO NOTHING
        RETURNING id, debtor_id, creditor_id),
    booked AS (
        INSERT INTO settlement_booking (obligation_id, party_id, side, error)
        SELECT id, debtor_id, 'DEBTOR', '' FROM written
        UNION ALL
        SELECT id, creditor_id, 'CREDITOR', '' FROM written WHERE creditor_id IS NOT NULL)
    SELECT count(*) INTO v_count FROM written;
    RETURN v_count;
END $$;

CREATE OR REPLACE FUNCTION public.record_sale_refund(p_trace uuid, p_effective timestamptz)
RETURNS integer  -- how many negated copies were written; 0 when they stood already
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_count integer;
BEGIN
    -- Asked of the waterfall, for a first hop of nothing is not an obligation.
    IF NOT EXISTS (SELECT 1 FROM settlement_pricehop
                    WHERE trace_id = p_trace AND position = 0
                      AND debtor_id = public.current_distributor_id())
       OR EXISTS (SELECT 1 FROM settlement_pricehop h
                   WHERE h.trace_id = p_trace AND h.amount_minor > 0 AND NOT EXISTS (
                       SELECT 1 FROM settlement_obligation o
                        WHERE o.trace_id = h.trace_id AND o.position = h.position AND o.kind = 'SALE')) THEN
        RAISE EXCEPTION 'no sale % of this seller', p_trace USING ERRCODE = 'NC006';
    END IF;
    -- Whoever sells may take a sale back whole only while hardly any of it was used: above it,
    -- every level and the supplier lose their money with it, and none of them is asked.
    IF EXISTS (SELECT 1 FROM settlement_obligation
                WHERE trace_id = p_trace AND position = 0 AND kind = 'SALE'
                  AND recorded_at < clock_timestamp() - interval '1 hour')
       AND NOT EXISTS (SELECT 1 FROM settlement_obligation WHERE trace_id = p_trace AND kind = 'REFUND') THEN
        RAISE EXCEPTION 'sale % is too old to be taken back whole', p_trace USING ERRCODE = 'NC007';
    END IF;
    WITH written AS (
        INSERT INTO settlement_obligation (public_id, trace_id, position, kind, debtor_id, creditor_id,
                                           supplier_id, amount_minor, currency, reverses_id, effective_at)
        SELECT uuidv7(), trace_id, position, 'REFUND', debtor_id, creditor_id, supplier_id,
               -amount_minor, currency, id, p_effective
          FROM settlement_obligation WHERE trace_id = p_trace AND kind = 'SALE' ORDER BY position
        ON CONFLICT (trace_id, position, kind) DO NOTHING
        RETURNING id, debtor_id, creditor_id),
    booked AS (
        INSERT INTO settlement_booking (obligation_id, party_id, side, error)
        SELECT id, debtor_id, 'DEBTOR', '' FROM written
        UNION ALL
        SELECT id, creditor_id, 'CREDITOR', '' FROM written WHERE creditor_id IS NOT NULL)
    SELECT count(*) INTO v_count FROM written;
    RETURN v_count;
END $$;
