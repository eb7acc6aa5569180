-- What the tables of invoicing refuse by themselves, whoever writes. Shared by all schemas: each
-- function names the schema of the table that it was called for.
--   23I01 more than was consumed and not given back    23I02 more than the blue invoice has left
--   23I03 written once

-- A line counts at once; the row lock on the consumption makes rivals wait, and see each other.
CREATE OR REPLACE FUNCTION public.invoicing_line_counts() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    counted int;
    rest bigint;
BEGIN
    EXECUTE format(
        'UPDATE %1$I.invoicing_consumption c SET invoiced_minor = c.invoiced_minor + $1
           FROM %1$I.invoicing_invoice i
          WHERE c.id = $2 AND i.id = $3 AND i.customer_id = c.customer_id', TG_TABLE_SCHEMA)
        USING NEW.amount_minor, NEW.consumption_id, NEW.invoice_id;
    GET DIAGNOSTICS counted = ROW_COUNT;
    IF counted <> 1 THEN
        RAISE EXCEPTION 'invoicing: a line of somebody else''s consumption' USING ERRCODE = '23I03';
    END IF;
    IF NEW.reverses_id IS NOT NULL THEN
        EXECUTE format(
            'SELECT b.amount_minor + (SELECT sum(r.amount_minor) FROM %1$I.invoicing_invoiceline r
                                       WHERE r.reverses_id = b.id)
               FROM %1$I.invoicing_invoiceline b
               JOIN %1$I.invoicing_invoice i ON i.id = b.invoice_id AND i.state = ''ISSUED''
              WHERE b.id = $1 AND b.consumption_id = $2 AND b.amount_minor > 0', TG_TABLE_SCHEMA)
            INTO rest USING NEW.reverses_id, NEW.consumption_id;
        IF rest IS NULL OR rest < 0 THEN
            RAISE EXCEPTION 'invoicing: more red than blue' USING ERRCODE = '23I02';
        END IF;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION public.invoicing_consumption_kept() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.invoiced_minor <> 0 THEN
            RAISE EXCEPTION 'invoicing: what is invoiced is kept by lines' USING ERRCODE = '23I03';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.line_id, NEW.customer_id, NEW.consumed_minor, NEW.currency)
       IS DISTINCT FROM (OLD.line_id, OLD.customer_id, OLD.consumed_minor, OLD.currency)
       OR NEW.returned_minor < OLD.returned_minor
       OR (NEW.invoiced_minor <> OLD.invoiced_minor AND pg_trigger_depth() < 2) THEN
        RAISE EXCEPTION 'invoicing: a consumption is written once' USING ERRCODE = '23I03';
    END IF;
    IF NEW.invoiced_minor > OLD.invoiced_minor
       AND NEW.invoiced_minor > NEW.consumed_minor - NEW.returned_minor THEN
        RAISE EXCEPTION 'invoicing: more than was consumed' USING ERRCODE = '23I01';
    END IF;
    RETURN NEW;
END $$;

-- A request that ends gives its amounts free; one that is issued must still be covered.
CREATE OR REPLACE FUNCTION public.invoicing_invoice_moves() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    uncovered boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.color = 'BLUE' AND NEW.state <> 'REQUESTED' THEN
            RAISE EXCEPTION 'invoicing: a blue invoice is asked for first' USING ERRCODE = '23I03';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.number, NEW.customer_id, NEW.kind, NEW.color, NEW.reverses_id, NEW.amount_minor,
        NEW.net_minor, NEW.tax_minor, NEW.currency, NEW.name, NEW.tax_number)
       IS DISTINCT FROM
       (OLD.number, OLD.customer_id, OLD.kind, OLD.color, OLD.reverses_id, OLD.amount_minor,
        OLD.net_minor, OLD.tax_minor, OLD.currency, OLD.name, OLD.tax_number)
       OR (NEW.state <> OLD.state
           AND OLD.state || '>' || NEW.state NOT IN ('REQUESTED>ISSUED', 'REQUESTED>REJECTED',
                                                     'REQUESTED>WITHDRAWN', 'ISSUED>REVERSED')) THEN
        RAISE EXCEPTION 'invoicing: an invoice is written once' USING ERRCODE = '23I03';
    END IF;
    IF OLD.state = 'REQUESTED' AND NEW.state IN ('REJECTED', 'WITHDRAWN') THEN
        EXECUTE format(
            'UPDATE %1$I.invoicing_consumption c SET invoiced_minor = c.invoiced_minor - l.amount_minor
               FROM %1$I.invoicing_invoiceline l
              WHERE l.invoice_id = $1 AND c.id = l.consumption_id', TG_TABLE_SCHEMA) USING NEW.id;
    ELSIF OLD.state = 'REQUESTED' AND NEW.state = 'ISSUED' THEN
        EXECUTE format(
            'SELECT EXISTS (SELECT FROM %1$I.invoicing_consumption c
                              JOIN %1$I.invoicing_invoiceline l ON l.consumption_id = c.id
                             WHERE l.invoice_id = $1
                               AND c.invoiced_minor > c.consumed_minor - c.returned_minor)',
            TG_TABLE_SCHEMA) INTO uncovered USING NEW.id;
        IF uncovered THEN
            RAISE EXCEPTION 'invoicing: more than was consumed' USING ERRCODE = '23I01';
        END IF;
    END IF;
    RETURN NEW;
END $$;

-- At commit: an invoice is the sum of its lines, in all three figures.
CREATE OR REPLACE FUNCTION public.invoicing_invoice_adds_up() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    wrong boolean;
BEGIN
    EXECUTE format(
        'SELECT (i.amount_minor, i.net_minor, i.tax_minor)
                IS DISTINCT FROM (s.amount::bigint, s.net::bigint, s.tax::bigint)
           FROM %1$I.invoicing_invoice i
          CROSS JOIN (SELECT sum(amount_minor) amount, sum(net_minor) net, sum(tax_minor) tax
                        FROM %1$I.invoicing_invoiceline WHERE invoice_id = $1) s
          WHERE i.id = $1', TG_TABLE_SCHEMA)
        INTO wrong USING CASE WHEN TG_TABLE_NAME = 'invoicing_invoice'
                              THEN (to_jsonb(NEW) ->> 'id')::bigint
                              ELSE (to_jsonb(NEW) ->> 'invoice_id')::bigint END;
    IF wrong THEN
        RAISE EXCEPTION 'invoicing: an invoice is the sum of its lines' USING ERRCODE = '23I03';
    END IF;
    RETURN NULL;
END $$;
