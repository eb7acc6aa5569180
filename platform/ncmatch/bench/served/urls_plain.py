from django.urls import path

from ncmatch.bench.served.views import note

urlpatterns = [path("bench/note/<int:pk>/", note)]
