-- The guards of one schema's rules; run by a migration in that schema.
ALTER TABLE ledger_postingrule
    ADD CONSTRAINT ledger_postingrule_proved CHECK (public.ledger_rule_proved(lines, parts)),
    ADD CONSTRAINT ledger_postingrule_conditions CHECK (public.ledger_rule_conditions(conditions));

CREATE TRIGGER ledger_rule_fixed BEFORE INSERT OR UPDATE OR DELETE ON ledger_postingrule
    FOR EACH ROW EXECUTE FUNCTION public.ledger_rule_fixed();
CREATE TRIGGER ledger_rule_marked AFTER INSERT OR UPDATE OR DELETE ON ledger_postingrule
    FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_rules_marked();
CREATE TRIGGER ledger_version_fixed BEFORE UPDATE OR DELETE ON ledger_ruleversion
    FOR EACH ROW EXECUTE FUNCTION public.ledger_version_fixed();
CREATE TRIGGER ledger_version_marked AFTER INSERT OR UPDATE OR DELETE ON ledger_ruleversion
    FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_rules_marked();
CREATE TRIGGER ledger_mapping_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_partyaccount
    FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_refuse('mappings are written once; a later one supersedes');
CREATE TRIGGER ledger_mapping_marked AFTER INSERT ON ledger_partyaccount
    FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_rules_marked();
