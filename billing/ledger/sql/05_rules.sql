-- What rules are held to, whoever writes them. 23L10: a version that was switched on is not edited.

-- A sum of names with whole coefficients, none of them 0: {"amount": 1, "fee": -1}.
CREATE OR REPLACE FUNCTION public.ledger_rule_form(form jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN form IS NULL OR jsonb_typeof(form) <> 'object' OR form = '{}' THEN false
    ELSE NOT EXISTS (
        SELECT FROM jsonb_each(form) AS t(name, times)
         WHERE t.name !~ '^[a-z][a-z0-9_]{0,39}$' OR jsonb_typeof(t.times) <> 'number'
            OR t.times::text !~ '^-?[1-9][0-9]{0,3}$')
END;

-- The proof of a posting rule. Every line is a whole-numbered sum of named amounts and of parts, each part a
-- name of its own; the rule balances for all amounts when each name is debited as often as it is credited.
CREATE OR REPLACE FUNCTION public.ledger_rule_proved(lines jsonb, parts jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN jsonb_typeof(lines) <> 'array' OR jsonb_typeof(parts) <> 'array' THEN false
    WHEN jsonb_array_length(lines) < 2 THEN false
    WHEN EXISTS (
        SELECT FROM jsonb_array_elements(lines) AS l
         WHERE (jsonb_typeof(l) = 'object' AND l ->> 'side' IN ('DEBIT', 'CREDIT') AND l ->> 'account' <> ''
                AND public.ledger_rule_form(l -> 'amount')) IS NOT TRUE) THEN false
    WHEN EXISTS (
        SELECT FROM jsonb_array_elements(parts) AS p
         WHERE (jsonb_typeof(p) = 'object' AND p ->> 'name' ~ '^[a-z][a-z0-9_]{0,39}$'
                AND p ->> 'rate' ~ '^[1-9][0-9]*/[1-9][0-9]*$'
                AND public.ledger_rule_form(p -> 'of')) IS NOT TRUE) THEN false
    -- A part has one meaning, and is not made of parts.
    WHEN EXISTS (
        SELECT FROM jsonb_array_elements(parts) AS p
         GROUP BY p ->> 'name' HAVING count(*) > 1) THEN false
    WHEN EXISTS (
        SELECT FROM jsonb_array_elements(parts) AS p, jsonb_array_elements(parts) AS q
         WHERE (q -> 'of') ? (p ->> 'name')) THEN false
    ELSE NOT EXISTS (
        SELECT FROM jsonb_array_elements(lines) AS l, jsonb_each_text(l -> 'amount') AS t(name, times)
         GROUP BY t.name
        HAVING sum(CASE l ->> 'side' WHEN 'DEBIT' THEN 1 ELSE -1 END * t.times::numeric) <> 0)
END;

-- The shape of a rule's conditions; what they mean is read in Python.
CREATE OR REPLACE FUNCTION public.ledger_rule_conditions(conditions jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN jsonb_typeof(conditions) = 'array' AND NOT EXISTS (
    SELECT FROM jsonb_array_elements(CASE jsonb_typeof(conditions) WHEN 'array' THEN conditions ELSE '[]' END) AS c
     WHERE (jsonb_typeof(c) = 'object' AND jsonb_typeof(c -> 'values') = 'array'
            AND c ->> 'fact' ~ '^(party|amount|detail)\.[a-z][a-z0-9_]*(\.id)?$|^currency$'
            AND c ->> 'op' IN ('is', 'is_not', 'told', 'untold', 'lt', 'le', 'gt', 'ge')) IS NOT TRUE);

-- Rule, before each row: it belongs to a draft, where it was and where it goes.
CREATE OR REPLACE FUNCTION public.ledger_rule_fixed() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    fixed bigint;
BEGIN
    EXECUTE format('SELECT v.id FROM %I.ledger_ruleversion v WHERE v.id IN ($1, $2) AND v.state <> ''DRAFT''', TG_TABLE_SCHEMA)
       INTO fixed USING OLD.version_id, NEW.version_id;
    IF fixed IS NOT NULL THEN
        RAISE EXCEPTION 'ledger: the rules of a version that was switched on are not edited'
            USING ERRCODE = '23L10', DETAIL = '{}';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;

-- Version, before each row: of one that was switched on, nothing changes but that it is taken back before
-- it starts.
CREATE OR REPLACE FUNCTION public.ledger_version_fixed() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
    IF OLD.state = 'DRAFT' THEN
        RETURN coalesce(NEW, OLD);
    ELSIF TG_OP = 'UPDATE' AND OLD.state = 'ON' AND NEW.state = 'WITHDRAWN' AND OLD.starts_at > clock_timestamp()
        AND (NEW.id, NEW.event, NEW.number, NEW.starts_at, NEW.note, NEW.made_by_id, NEW.made_at)
            IS NOT DISTINCT FROM (OLD.id, OLD.event, OLD.number, OLD.starts_at, OLD.note, OLD.made_by_id, OLD.made_at)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'ledger: version % of % was switched on and is not edited', OLD.number, OLD.event
        USING ERRCODE = '23L10', DETAIL = '{}';
END $$;

-- Rules, versions, mappings, after each statement: the book has a mark that it never had before.
CREATE OR REPLACE FUNCTION public.ledger_rules_marked() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
    EXECUTE format('INSERT INTO %I.ledger_rulebook AS b (id, mark) VALUES (1, uuidv7())
                        ON CONFLICT (id) DO UPDATE SET mark = excluded.mark', TG_TABLE_SCHEMA);
    RETURN NULL;
END $$;

-- Voucher, before each row: what was asked for stays as it was read; what was decided, for good.
CREATE OR REPLACE FUNCTION public.ledger_voucher_fixed() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
    IF OLD.state = 'DRAFT' THEN
        RETURN coalesce(NEW, OLD);
    ELSIF TG_OP = 'UPDATE' AND OLD.state = 'ASKED' AND NEW.state IN ('DRAFT', 'POSTED', 'REJECTED')
        AND (NEW.id, NEW.dated, NEW.memo, NEW.lines, NEW.reverses_id, NEW.attachment_id, NEW.made_by_id, NEW.made_at)
            IS NOT DISTINCT FROM
            (OLD.id, OLD.dated, OLD.memo, OLD.lines, OLD.reverses_id, OLD.attachment_id, OLD.made_by_id, OLD.made_at)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'ledger: voucher % was asked for or decided and is not edited', OLD.public_id
        USING ERRCODE = '23L05', DETAIL = jsonb_build_object('table', TG_TABLE_NAME);
END $$;
