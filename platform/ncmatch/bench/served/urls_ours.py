"""The whole site, and the one view in front of it, with the policy that every view of ours declares."""

from django.urls import path

from ncmatch.bench.served.views import note
from ncmatch.urls import site
from shared_apps.identity.access import Anyone, access

urlpatterns = [path("bench/note/<int:pk>/", access(Anyone)(note)), *site.urlpatterns]

handler429 = site.handler429
