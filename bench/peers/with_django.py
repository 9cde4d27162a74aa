"""Django REST framework with django-filter: a model, a serializer and a view set."""

import json
import os
from typing import Any

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="for the bench alone",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["BENCH_DATABASE"],
            "CONN_MAX_AGE": None,
        }
    },
    INSTALLED_APPS=["django_filters", "rest_framework"],
    REST_FRAMEWORK={
        "UNAUTHENTICATED_USER": None,
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_FILTER_BACKENDS": [
            "django_filters.rest_framework.DjangoFilterBackend"
        ],
    },
)
django.setup()

import django_filters  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from rest_framework import pagination, routers, serializers, viewsets  # noqa: E402


class Lead(models.Model):
    """One lead."""

    campaign_id = models.IntegerField()
    status = models.CharField(max_length=64, null=True)
    source = models.CharField(max_length=64, null=True)
    product = models.CharField(max_length=64, null=True)
    region = models.CharField(max_length=64, null=True)
    customer_type = models.CharField(max_length=64, null=True)
    channel = models.CharField(max_length=64, null=True)
    created_at = models.CharField(max_length=32)
    updated_at = models.CharField(max_length=32)
    extra = models.TextField()

    class Meta:
        """Where it is."""

        app_label = "rest_framework"
        db_table = "lead"


class LeadSerializer(serializers.ModelSerializer):
    """One lead as it is answered."""

    extra = serializers.SerializerMethodField()

    class Meta:
        """What of it."""

        model = Lead
        fields = "__all__"

    def get_extra(self, lead: Lead) -> Any:
        """Answer with the fields themselves."""
        return json.loads(lead.extra)


class LeadFilter(django_filters.FilterSet):
    """What can be asked."""

    created_after = django_filters.CharFilter(field_name="created_at", lookup_expr="gt")
    updated_after = django_filters.CharFilter(field_name="updated_at", lookup_expr="gt")

    class Meta:
        """By which fields."""

        model = Lead
        fields = ("status", "source", "customer_type")


class Pages(pagination.PageNumberPagination):
    """Pages by number."""

    page_size = 50
    page_size_query_param = "per_page"
    max_page_size = 1000


class Leads(viewsets.ReadOnlyModelViewSet):
    """The leads of the campaign."""

    queryset = Lead.objects.filter(campaign_id=362).order_by("id")
    serializer_class = LeadSerializer
    pagination_class = Pages
    filterset_class = LeadFilter


router = routers.SimpleRouter(trailing_slash=False)
router.register("leads", Leads)
urlpatterns = router.urls
application = get_wsgi_application()
