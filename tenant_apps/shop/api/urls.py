from django.urls import path

from . import views

urlpatterns = [
    path("offers", views.OffersView.as_view(), name="offers"),
    path("offers/compare", views.CompareView.as_view(), name="offers-compare"),
    path("offers/<uuid:offer_id>", views.OfferView.as_view(), name="offer"),
]
