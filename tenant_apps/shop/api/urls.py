from django.urls import path

from . import invoices, views

urlpatterns = [
    path("offers", views.OffersView.as_view(), name="offers"),
    path("offers/compare", views.CompareView.as_view(), name="offers-compare"),
    path("offers/<uuid:offer_id>", views.OfferView.as_view(), name="offer"),
    path("invoiceable", invoices.InvoiceableView.as_view(), name="invoiceable"),
    path("invoice-titles", invoices.InvoiceTitlesView.as_view(), name="invoice-titles"),
    path("invoices", invoices.InvoicesView.as_view(), name="invoices"),
    path("invoices/<uuid:invoice_id>", invoices.InvoiceView.as_view(), name="invoice"),
    path(
        "invoices/<uuid:invoice_id>/withdraw",
        invoices.InvoiceWithdrawView.as_view(),
        name="invoice-withdraw",
    ),
    path(
        "invoices/<uuid:invoice_id>/file", invoices.InvoiceFileView.as_view(), name="invoice-file"
    ),
]
