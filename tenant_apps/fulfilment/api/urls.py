from django.urls import path

from . import views

urlpatterns = [
    path("resources", views.ResourcesView.as_view(), name="resources"),
    path("resources/<uuid:resource_id>", views.ResourceView.as_view(), name="resource"),
    path(
        "resources/<uuid:resource_id>/reveal-access",
        views.RevealAccessView.as_view(),
        name="resource-reveal-access",
    ),
]
