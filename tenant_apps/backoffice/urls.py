"""/office/: every distributor's back office. An export is its list, taken away."""

from django.urls import path

from .views import (
    accounts,
    approvals,
    audit,
    branding,
    customers,
    dealings,
    home,
    journal,
    orders,
    payments,
    prices,
    resources,
    staff,
    terms,
)

app_name = "office"
urlpatterns = [
    path("", home.home, name="home"),
    path("jump/", home.jump, name="jump"),
    path("approvals/", approvals.Approvals.as_view(), name="approvals"),
    path(
        "approvals/export.csv",
        approvals.Approvals.as_view(exporting=True),
        name="approvals_export",
    ),
    path("approvals/<uuid:public_id>/", approvals.approval, name="approval"),
    path("approvals/<uuid:public_id>/decide/", approvals.decision, name="approval_decide"),
    path("orders/", orders.Orders.as_view(), name="orders"),
    path("orders/export.csv", orders.Orders.as_view(exporting=True), name="orders_export"),
    path("orders/<uuid:public_id>/", orders.order, name="order"),
    path("orders/lines/<uuid:public_id>/refund/", orders.refund, name="refund"),
    path("customers/", customers.Customers.as_view(), name="customers"),
    path(
        "customers/export.csv",
        customers.Customers.as_view(exporting=True),
        name="customers_export",
    ),
    path("customers/<uuid:public_id>/", customers.customer, name="customer"),
    path("customers/<uuid:public_id>/owner/", customers.assign, name="assign"),
    path("resources/", resources.Resources.as_view(), name="resources"),
    path(
        "resources/export.csv",
        resources.Resources.as_view(exporting=True),
        name="resources_export",
    ),
    path("resources/<uuid:public_id>/", resources.resource, name="resource"),
    path("payments/", payments.Payments.as_view(), name="payments"),
    path("payments/export.csv", payments.Payments.as_view(exporting=True), name="payments_export"),
    path("payments/refunds/", payments.Refunds.as_view(), name="refunds"),
    path(
        "payments/refunds/export.csv",
        payments.Refunds.as_view(exporting=True),
        name="refunds_export",
    ),
    path("payments/notices/", payments.Events.as_view(), name="events"),
    path(
        "payments/notices/export.csv", payments.Events.as_view(exporting=True), name="events_export"
    ),
    path("payments/notices/<uuid:public_id>/", payments.event, name="event"),
    path("payments/number/<slug:number>/", payments.payment, name="payment"),
    path("books/journal/", journal.Journal.as_view(), name="journal"),
    path(
        "books/journal/export.csv", journal.Journal.as_view(exporting=True), name="journal_export"
    ),
    path("books/entries/<uuid:public_id>/", journal.entry, name="entry"),
    path("books/accounts/", accounts.Accounts.as_view(), name="accounts"),
    path(
        "books/accounts/export.csv",
        accounts.Accounts.as_view(exporting=True),
        name="accounts_export",
    ),
    path("books/accounts/<str:code>/", accounts.AccountLines.as_view(), name="account"),
    path(
        "books/accounts/<str:code>/export.csv",
        accounts.AccountLines.as_view(exporting=True),
        name="account_export",
    ),
    path("books/trial/", accounts.Trial.as_view(), name="trial"),
    path("books/trial/export.csv", accounts.Trial.as_view(exporting=True), name="trial_export"),
    path("dealings/", dealings.Dealings.as_view(), name="dealings"),
    path("dealings/export.csv", dealings.Dealings.as_view(exporting=True), name="dealings_export"),
    path("dealings/with/<uuid:public_id>/", dealings.Obligations.as_view(), name="obligations"),
    path(
        "dealings/with/<uuid:public_id>/export.csv",
        dealings.Obligations.as_view(exporting=True),
        name="obligations_export",
    ),
    path("dealings/<uuid:public_id>/", dealings.dealing, name="dealing"),
    path("prices/", prices.prices, name="prices"),
    path("terms/", terms.terms, name="terms"),
    path("terms/<uuid:public_id>/agree/", terms.agree, name="agree_terms"),
    path("staff/", staff.StaffList.as_view(), name="staff"),
    path("staff/export.csv", staff.StaffList.as_view(exporting=True), name="staff_export"),
    path("staff/add/", staff.add, name="staff_add"),
    path("staff/<uuid:public_id>/", staff.member, name="staff_member"),
    path("staff/<uuid:public_id>/roles/", staff.change_roles, name="staff_roles"),
    path("staff/<uuid:public_id>/active/", staff.set_active, name="staff_active"),
    path("branding/", branding.branding, name="branding"),
    path("audit/", audit.Audit.as_view(), name="audit"),
    path("audit/export.csv", audit.Audit.as_view(exporting=True), name="audit_export"),
    path("audit/<uuid:public_id>/", audit.record, name="audit_record"),
]
