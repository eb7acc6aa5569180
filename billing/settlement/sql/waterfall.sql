-- The doors through which the price waterfall and its obligations are written.
-- They run with the owner's rights, because a seller may neither read the terms above its parent
-- nor write another's hop; each asks who stands at the door (the session's role) and does nothing else.

-- No door: it runs with the rights of whoever calls it, and only the owner may write hops.
CREATE OR REPLACE FUNCTION public.write_waterfall(
    p_trace uuid, p_seller bigint, p_list numeric, p_supplier bigint, p_hours numeric, p_at timestamptz)
RETURNS bigint  -- what the seller itself will owe, in minor units
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    v_debtor   bigint := p_seller;
    v_creditor bigint;
    v_percent  numeric;
    v_position smallint := 0;
    v_amount   bigint;
    v_own      bigint;
BEGIN
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
             WHERE supplier_id = p_supplier AND state = 'ACTIVE'
               AND valid_during @> (p_at AT TIME ZONE 'Asia/Shanghai')::date;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'supplier % has no agreement in force', p_supplier USING ERRCODE = 'NC004';
            END IF;
        END IF;
        -- Rounded once, half up (amounts are not negative), like kernel.money.charge.
        v_amount := round(p_list * v_percent / 100 * p_hours * 100);
        INSERT INTO settlement_pricehop (trace_id, position, debtor_id, creditor_id, supplier_id,
                                         amount_minor, currency, list_hourly, percent, hours, frozen_at)
        VALUES (p_trace, v_position, v_debtor, v_creditor,
                CASE WHEN v_creditor IS NULL THEN p_supplier END,
                v_amount, 'CNY', p_list, v_percent, p_hours, p_at);
        IF v_position = 0 THEN
            v_own := v_amount;
        END IF;
        EXIT WHEN v_creditor IS NULL;
        v_debtor := v_creditor;
        v_position := v_position + 1;
    END LOOP;
    RETURN v_own;
END $$;

CREATE OR REPLACE FUNCTION public.freeze_waterfall(
    p_trace uuid, p_plan bigint, p_hours numeric, p_at timestamptz)
RETURNS bigint  -- what the seller itself will owe, in minor units
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_seller   bigint := public.current_distributor_id();
    v_list     numeric;
    v_supplier bigint;
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
    RETURN public.write_waterfall(p_trace, v_seller, v_list, v_supplier, p_hours, p_at);
END $$;

-- What was used of a machine that is paid afterwards: [p_from, p_to), by the terms of its beginning. The
-- trace follows from the machine and that moment, so that nothing is frozen twice and no moment is chosen.
-- A plan that is no longer sold is still used by whoever has it.
CREATE OR REPLACE FUNCTION public.freeze_usage(
    p_machine uuid, p_plan bigint, p_from timestamptz, p_to timestamptz, OUT trace uuid, OUT own bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_seller   bigint := public.current_distributor_id();
    v_list     numeric;
    v_supplier bigint;
    v_owner    bigint;
    v_known    numeric;
    v_hours    numeric := round(extract(epoch FROM p_to - p_from) / 3600, 6);
BEGIN
    IF v_seller IS NULL THEN
        RAISE EXCEPTION 'only a distributor can sell' USING ERRCODE = 'NC001';
    END IF;
    trace := md5(p_machine::text || ' ' || extract(epoch FROM p_from)::text)::uuid;
    SELECT amount_minor, debtor_id, hours INTO own, v_owner, v_known
      FROM settlement_pricehop WHERE trace_id = trace AND position = 0;
    IF FOUND THEN
        IF v_owner <> v_seller OR v_known <> v_hours THEN
            RAISE EXCEPTION 'waterfall % is not of this seller', trace USING ERRCODE = 'NC005';
        END IF;
        RETURN;
    END IF;
    IF p_to <= p_from OR p_to - p_from > interval '1 hour'
       OR p_from < clock_timestamp() - interval '62 days'
       OR p_to > clock_timestamp() + interval '1 minute' THEN
        RAISE EXCEPTION 'not a time of use' USING ERRCODE = 'NC008';
    END IF;
    SELECT pr.list_hourly, o.supplier_id INTO v_list, v_supplier
      FROM catalog_plan pl
      JOIN catalog_offering o ON o.id = pl.offering_id
      JOIN catalog_price pr ON pr.plan_id = pl.id AND pr.effective @> p_from
     WHERE pl.id = p_plan;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'plan % has no price', p_plan USING ERRCODE = 'NC002';
    END IF;
    own := public.write_waterfall(trace, v_seller, v_list, v_supplier, v_hours, p_from);
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
                                           supplier_id, amount_minor, currency, refunded_minor, effective_at)
        SELECT uuidv7(), trace_id, position, 'SALE', debtor_id, creditor_id, supplier_id,
               amount_minor, currency, 0, p_effective
          FROM settlement_pricehop WHERE trace_id = p_trace AND amount_minor > 0 ORDER BY position
        ON CONFLICT (trace_id, position, refund_id) DO NOTHING
        RETURNING id, debtor_id, creditor_id),
    booked AS (
        INSERT INTO settlement_booking (obligation_id, party_id, side, error)
        SELECT id, debtor_id, 'DEBTOR', '' FROM written
        UNION ALL
        SELECT id, creditor_id, 'CREDITOR', '' FROM written WHERE creditor_id IS NOT NULL)
    SELECT count(*) INTO v_count FROM written;
    RETURN v_count;
END $$;

-- Gives back a part of a sale, or what is left of it: of `p_paid`, which the customer paid, `p_returned` is
-- back with this refund and those before it. Each level gets back the same part of what was frozen for
-- it, rounded as a running sum, so that the parts of a whole are the whole at every level.
CREATE OR REPLACE FUNCTION public.record_sale_refund(
    p_trace uuid, p_refund uuid, p_returned bigint, p_paid bigint, p_effective timestamptz)
RETURNS integer  -- how many negated copies were written; 0 when they stood already
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_hours numeric;
    v_used  numeric := 0;
    v_for   interval;
    v_count integer;
BEGIN
    -- Asked of the waterfall, for a first hop of nothing is not an obligation.
    SELECT hours INTO v_hours FROM settlement_pricehop
     WHERE trace_id = p_trace AND position = 0 AND debtor_id = public.current_distributor_id();
    IF NOT FOUND
       OR EXISTS (SELECT 1 FROM settlement_pricehop h
                   WHERE h.trace_id = p_trace AND h.amount_minor > 0 AND NOT EXISTS (
                       SELECT 1 FROM settlement_obligation o
                        WHERE o.trace_id = h.trace_id AND o.position = h.position AND o.kind = 'SALE')) THEN
        RAISE EXCEPTION 'no sale % of this seller', p_trace USING ERRCODE = 'NC006';
    END IF;
    IF p_returned NOT BETWEEN 1 AND p_paid THEN
        RAISE EXCEPTION 'not a part of what was paid' USING ERRCODE = 'NC008';
    END IF;
    -- One refund of a sale at a time.
    PERFORM FROM settlement_obligation
      WHERE trace_id = p_trace AND kind = 'SALE' ORDER BY position FOR UPDATE;
    IF EXISTS (SELECT 1 FROM settlement_obligation WHERE trace_id = p_trace AND refund_id = p_refund) THEN
        RETURN 0;
    END IF;
    -- Whoever sells may take back what was not used, and everything within the first hour. Beyond that
    -- every level and the supplier would lose their money, and none of them is asked: the operator is.
    SELECT clock_timestamp() - min(recorded_at) INTO v_for
      FROM settlement_obligation WHERE trace_id = p_trace AND kind = 'SALE';
    IF v_for > interval '1 hour' THEN
        v_used := least(v_hours, ceil(extract(epoch FROM v_for) / 3600));
    END IF;
    IF p_returned * v_hours > p_paid * (v_hours - v_used)
       AND NOT EXISTS (SELECT 1 FROM settlement_refundpermit WHERE trace_id = p_trace) THEN
        RAISE EXCEPTION 'sale % was used: it cannot be taken back that far', p_trace USING ERRCODE = 'NC007';
    END IF;
    IF EXISTS (SELECT 1 FROM settlement_obligation
                WHERE trace_id = p_trace AND kind = 'SALE'
                  AND round(amount_minor::numeric * p_returned / p_paid) < refunded_minor) THEN
        RAISE EXCEPTION 'more of sale % is back already', p_trace USING ERRCODE = 'NC009';
    END IF;
    WITH due AS (
        SELECT id, (round(amount_minor::numeric * p_returned / p_paid) - refunded_minor)::bigint AS part
          FROM settlement_obligation WHERE trace_id = p_trace AND kind = 'SALE'),
    counted AS (
        UPDATE settlement_obligation sale SET refunded_minor = sale.refunded_minor + due.part
          FROM due WHERE sale.id = due.id AND due.part > 0),
    written AS (
        INSERT INTO settlement_obligation (public_id, trace_id, position, kind, debtor_id, creditor_id, supplier_id,
                                           amount_minor, currency, reverses_id, refund_id, refunded_minor,
                                           effective_at)
        SELECT uuidv7(), trace_id, position, 'REFUND', debtor_id, creditor_id, supplier_id,
               -due.part, currency, id, p_refund, 0, p_effective
          FROM settlement_obligation sale JOIN due USING (id) WHERE due.part > 0 ORDER BY position
        RETURNING id, debtor_id, creditor_id),
    booked AS (
        INSERT INTO settlement_booking (obligation_id, party_id, side, error)
        SELECT id, debtor_id, 'DEBTOR', '' FROM written
        UNION ALL
        SELECT id, creditor_id, 'CREDITOR', '' FROM written WHERE creditor_id IS NOT NULL)
    SELECT count(*) INTO v_count FROM written;
    RETURN v_count;
END $$;
