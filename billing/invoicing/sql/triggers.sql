CREATE TRIGGER invoicing_line_counts AFTER INSERT ON invoicing_invoiceline
    FOR EACH ROW EXECUTE FUNCTION public.invoicing_line_counts();
CREATE TRIGGER invoicing_consumption_kept BEFORE INSERT OR UPDATE ON invoicing_consumption
    FOR EACH ROW EXECUTE FUNCTION public.invoicing_consumption_kept();
CREATE TRIGGER invoicing_invoice_moves BEFORE INSERT OR UPDATE ON invoicing_invoice
    FOR EACH ROW EXECUTE FUNCTION public.invoicing_invoice_moves();
CREATE CONSTRAINT TRIGGER invoicing_invoice_adds_up AFTER INSERT ON invoicing_invoice
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.invoicing_invoice_adds_up();
CREATE CONSTRAINT TRIGGER invoicing_line_adds_up AFTER INSERT ON invoicing_invoiceline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.invoicing_invoice_adds_up();
