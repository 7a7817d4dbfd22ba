"""Who plays in the demo: three brands, the people who work for them, and their customers."""

from dataclasses import dataclass
from datetime import timedelta

from services.domain.principal import Role


@dataclass(frozen=True, slots=True)
class ShopBrand:
    """A brand with its times, and what it sells with the price."""

    name: str
    address: str
    idle_remind_after: timedelta
    idle_resolve_after: timedelta
    auto_close_after: timedelta
    products: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the staff and the teams whose tickets they get."""

    name: str
    email: str
    role: Role
    teams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who writes, in their language."""

    name: str
    email: str
    city: str

    @property
    def first(self) -> str:
        """What friends call them."""
        return self.name.split()[0]


BRANDS = (
    ShopBrand(
        name="Fernweh Outdoor",
        address="support@fernweh.example",
        idle_remind_after=timedelta(days=3),
        idle_resolve_after=timedelta(days=7),
        auto_close_after=timedelta(days=4),
        products=(
            ("Skerry 4 tent", "€ 429.00"),
            ("Feather 38 backpack", "€ 159.00"),
            ("Tarn sleeping mat", "€ 89.90"),
            ("Moss rain jacket", "€ 219.00"),
            ("Spark gas stove", "€ 54.50"),
        ),
    ),
    ShopBrand(
        name="Kettle & Crumb",
        address="hello@kettleandcrumb.example",
        idle_remind_after=timedelta(days=4),
        idle_resolve_after=timedelta(days=10),
        auto_close_after=timedelta(days=5),
        products=(
            ("Gooseneck kettle", "€ 74.00"),
            ("Hand grinder No. 2", "€ 118.00"),
            ("Monday blend, 1 kg", "€ 29.80"),
            ("Stoneware cup set", "€ 46.00"),
            ("Breakfast box", "€ 38.00"),
        ),
    ),
    ShopBrand(
        name="Lumen Bikes",
        address="help@lumenbikes.example",
        idle_remind_after=timedelta(days=3),
        idle_resolve_after=timedelta(days=7),
        auto_close_after=timedelta(days=3),
        products=(
            ("Lumen One front lamp", "€ 99.00"),
            ("Lumen Mini rear light", "€ 39.00"),
            ("Harbour pannier", "€ 84.90"),
            ("Hub dynamo set", "€ 174.00"),
            ("Wide handlebar mount", "€ 24.00"),
        ),
    ),
)

# The desk's first team is there from the start.
TEAMS = ("Support", "Orders & delivery", "Returns & repairs", "Payments")

COLLEAGUES = (
    Colleague("Lena Vogt", "lena@fernweh.example", Role.ADMIN, ("Support",)),
    Colleague("Mia Laine", "mia@fernweh.example", Role.AGENT, ("Support", "Orders & delivery")),
    Colleague("Jonas Becker", "jonas@fernweh.example", Role.AGENT, ("Orders & delivery",)),
    Colleague("Tereza Nováková", "tereza@fernweh.example", Role.AGENT, ("Support", "Returns & repairs")),
    Colleague("Paolo Ferri", "paolo@kettleandcrumb.example", Role.AGENT, ("Returns & repairs",)),
    Colleague("Aino Mäkelä", "aino@kettleandcrumb.example", Role.AGENT, ("Support", "Payments")),
    Colleague("Samir Haddad", "samir@lumenbikes.example", Role.AGENT, ("Payments",)),
    Colleague("Ruth Abara", "ruth@lumenbikes.example", Role.AGENT, ("Orders & delivery", "Returns & repairs")),
    Colleague("Oskar Lind", "oskar@lumenbikes.example", Role.LIGHT_AGENT, ()),
)

# Who looks at every new ticket in the morning, and with whom a visitor may sign in.
DISPATCHER = COLLEAGUES[0]
VISITOR = COLLEAGUES[1]


def _customers(domain: str, *people: str) -> tuple[Customer, ...]:
    customers = []
    for person in people:
        name, local, city = person.split("|")
        customers.append(Customer(name, f"{local}@{domain}", city))
    return tuple(customers)


CUSTOMERS = {
    "en": _customers(
        "mail.example",
        "Ann Whitfield|ann.whitfield|Leeds",
        "Tom Okafor|tom.okafor|Bristol",
        "Priya Raman|priya.raman|Dublin",
        "George Lindqvist|g.lindqvist|Malmö",
        "Sophie Martens|sophie.martens|Utrecht",
        "Daniel Kowalski|daniel.kowalski|Gdańsk",
        "Maeve O'Brien|maeve.obrien|Cork",
        "Hannah Fischer|hannah.fischer|Basel",
        "Lucas Moreau|lucas.moreau|Lyon",
        "Isabel Duarte|isabel.duarte|Porto",
        "Kenji Watanabe|kenji.w|Berlin",
        "Grace Mwangi|grace.mwangi|London",
        "Peter van Dijk|peter.vandijk|Ghent",
        "Olivia Brandt|olivia.brandt|Hamburg",
        "Noah Clarke|noah.clarke|Glasgow",
        "Zsófia Tóth|zsofia.toth|Budapest",
        "Emil Haugen|emil.haugen|Bergen",
        "Rosa Marín|rosa.marin|Valencia",
        "Victor Adeyemi|victor.adeyemi|Manchester",
        "Clara Jensen|clara.jensen|Aarhus",
        "William Ashdown|w.ashdown|York",
        "Nadia Rahimi|nadia.rahimi|Vienna",
        "Henrik Dahl|henrik.dahl|Oslo",
        "Julia Castellan|julia.castellan|Geneva",
        "Martin Sedgwick|martin.sedgwick|Norwich",
        "Elif Şahin|elif.sahin|Cologne",
        "Beth Carmichael|beth.carmichael|Inverness",
        "Andrei Popescu|andrei.popescu|Cluj",
    ),
    "cs": _customers(
        "posta.example",
        "Jana Dvořáková|jana.dvorakova|Brno",
        "Petr Svoboda|petr.svoboda|Praha",
        "Lucie Černá|lucie.cerna|Plzeň",
        "Tomáš Říha|tomas.riha|Olomouc",
    ),
    "it": _customers(
        "posta-it.example",
        "Giulia Conti|giulia.conti|Torino",
        "Marco De Luca|marco.deluca|Bologna",
        "Francesca Però|francesca.pero|Bari",
        "Niccolò Galli|niccolo.galli|Trento",
    ),
    "fi": _customers(
        "posti.example",
        "Sanna Korhonen|sanna.korhonen|Tampere",
        "Väinö Hämäläinen|vaino.hamalainen|Oulu",
        "Päivi Niemi|paivi.niemi|Turku",
    ),
}
