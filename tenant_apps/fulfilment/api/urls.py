from django.urls import path

from . import metered, views

urlpatterns = [
    path("resources", views.ResourcesView.as_view(), name="resources"),
    path("resources/<uuid:resource_id>", views.ResourceView.as_view(), name="resource"),
    path(
        "resources/<uuid:resource_id>/reveal-access",
        views.RevealAccessView.as_view(),
        name="resource-reveal-access",
    ),
    path("resources/<uuid:resource_id>/renew", metered.RenewView.as_view(), name="resource-renew"),
    path("resources/<uuid:resource_id>/usage", metered.UsageView.as_view(), name="resource-usage"),
    path("bills", metered.BillsView.as_view(), name="bills"),
    path("bills/<uuid:bill_id>", metered.BillView.as_view(), name="bill"),
]
