"""/console/: the operator's extra pages, on the operator's site only."""

from django.urls import path

from . import bookings, catalogue, distributors, outbox, suppliers

app_name = "console"
urlpatterns = [
    path("suppliers/", suppliers.Suppliers.as_view(), name="suppliers"),
    path(
        "suppliers/export.csv",
        suppliers.Suppliers.as_view(exporting=True),
        name="suppliers_export",
    ),
    path("suppliers/<slug:slug>/", suppliers.supplier, name="supplier"),
    path("catalogue/", catalogue.Catalogue.as_view(), name="catalogue"),
    path(
        "catalogue/export.csv",
        catalogue.Catalogue.as_view(exporting=True),
        name="catalogue_export",
    ),
    path("catalogue/offers/<uuid:public_id>/", catalogue.offering, name="offering"),
    path("catalogue/imports/", catalogue.Imports.as_view(), name="imports"),
    path(
        "catalogue/imports/export.csv",
        catalogue.Imports.as_view(exporting=True),
        name="imports_export",
    ),
    path("catalogue/imports/<uuid:public_id>/", catalogue.import_run, name="import"),
    path("distributors/", distributors.distributors, name="distributors"),
    path("distributors/<slug:slug>/", distributors.distributor, name="distributor"),
    path("bookings/", bookings.Bookings.as_view(), name="bookings"),
    path("bookings/export.csv", bookings.Bookings.as_view(exporting=True), name="bookings_export"),
    path(
        "dealings/<uuid:public_id>/permit-refund/",
        bookings.permit_refund,
        name="permit_refund",
    ),
    path("outbox/", outbox.Outbox.as_view(), name="outbox"),
    path("outbox/export.csv", outbox.Outbox.as_view(exporting=True), name="outbox_export"),
    path("outbox/<uuid:public_id>/", outbox.delivery, name="delivery"),
    path("outbox/<uuid:public_id>/retry/", outbox.retry, name="retry"),
]
