"""Who asks: everybody who may come to a site's door, with what they carry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.test import Client

from shared_apps.distributors.models import Distributor
from shared_apps.identity import services as identity
from shared_apps.identity.enums import Kind, Role
from shared_apps.identity.models import User
from shared_apps.kernel import tenancy
from tests import world


@dataclass(frozen=True)
class Person:
    """`kind` None is nobody to this site: a visitor, or somebody of another one."""

    name: str
    kind: str | None = None
    role: str = ""
    is_owner: bool = False  # of what routes are about, or its salesperson
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def everybody(site: Distributor, elsewhere: Distributor, *others: Distributor) -> list[Person]:
    """All who belong to the site, then those who belong to others and come with what those gave them:
    from everywhere the most powerful, from `elsewhere` a customer with the same number too."""
    bosses = [_boss(other) for other in (elsewhere, *others)]
    return [Person("a visitor"), *_people(site), *bosses, _buyer(elsewhere)]


def _people(site: Distributor) -> Iterator[Person]:
    with tenancy.enter(site.schema_name):
        owner, colleague = world.customer("客户甲").user, world.customer("客户乙").user
        yield Person("the customer", Kind.CUSTOMER, is_owner=True, cookies=session(owner))
        yield Person("the customer's program", Kind.CUSTOMER, is_owner=True, headers=bearer(owner))
        yield Person("another customer", Kind.CUSTOMER, cookies=session(colleague))
        for role in Role.values:
            yield Person(role, Kind.STAFF, role, role == Role.SALES, session(world.staff(role)))
        second = identity.add_staff(
            name="SALES 2",
            roles=[Role.SALES],
            email=f"sales2@{site.slug}.test",
            password=world.PASSWORD,
        )
        yield Person("another SALES", Kind.STAFF, Role.SALES, cookies=session(second))
        gone = identity.add_staff(
            name="ADMIN 2",
            roles=[Role.ADMIN],
            email=f"admin2@{site.slug}.test",
            password=world.PASSWORD,
        )
        kept = session(gone)
        identity.set_active(user=gone, active=False)
        yield Person("an ADMIN who has left", cookies=kept)


def _boss(other: Distributor) -> Person:
    with tenancy.enter(other.schema_name):
        return Person(f"{other.slug}'s ADMIN", cookies=session(world.staff(Role.ADMIN)))


def _buyer(other: Distributor) -> Person:
    with tenancy.enter(other.schema_name):
        user = world.customer().user
        return Person(f"{other.slug}'s customer", cookies=session(user), headers=bearer(user))


def session(user: User) -> dict[str, str]:
    """Signed in, where we stand."""
    client = Client()
    client.force_login(user)
    return {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}


def bearer(user: User) -> dict[str, str]:
    _, text = identity.issue_token(user=user, name="程序")
    return {"Authorization": f"Bearer {text}"}
