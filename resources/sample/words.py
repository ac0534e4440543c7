"""Names, countries and goods that the sample's rows are made of; e-mail domains and phone numbers are reserved ones."""

from __future__ import annotations

_FIRST = (
    "Anna Ben Clara David Elena Felix Greta Hugo Ines Jonas Katarína Léa Marta Nico Olga Pavel Quentin Rosa Søren "
    "Tomás Ursula Viktor Wanda Xavier Yara Zoë Aisha Björn Chiara Dmitri Emma Fatima Giulia Hana Ivan Julia Kenji "
    "Lucía Mateo Noah Oliver Priya Rafael Sofia Thomas Amélie Luca Mia Liam Eva"
)
_LAST = (
    "Müller Schmidt Weber Fischer Wagner Becker Rossi Bianchi Russo Ferrari García Fernández López Martín Smith "
    "Jones Taylor Brown Wilson Evans Dubois Laurent Moreau Lefèvre Novák Svoboda Kowalski Nowak Wiśniewska Jansen "
    "Visser Larsen Hansen Nielsen Andersson Lindqvist Meier Keller Baumann Huber Silva Santos Costa Okafor Chen Tanaka "
    "Patel Kaya O'Neill Murphy"
)
FIRST, LAST = _FIRST.split(), _LAST.split()
# Country: share of customers, phone prefix, currency.
COUNTRIES = {
    "DE": (26, "+49 30 5550", "EUR"),
    "FR": (15, "+33 1 99 00", "EUR"),
    "IT": (9, "+39 06 5550", "EUR"),
    "ES": (8, "+34 91 555", "EUR"),
    "NL": (6, "+31 20 555", "EUR"),
    "GB": (13, "+44 20 7946 0", "GBP"),
    "CH": (7, "+41 44 555", "CHF"),
    "US": (16, "+1 202 555 0", "USD"),
}
CURRENCY_VARIANTS = ("eur", "Eur.", "Euro", "EUR ")
GOODS = {
    "Office": ("Desk", "Chair", "Lamp", "Shelf", "Whiteboard", "Footrest"),
    "Kitchen": ("Kettle", "Pan", "Knife set", "Toaster", "Bowl", "Carafe"),
    "Outdoor": ("Tent", "Backpack", "Stove", "Lantern", "Bottle", "Hammock"),
    "Garden": ("Hose", "Rake", "Planter", "Bench", "Shears", "Parasol"),
    "Toys": ("Puzzle", "Blocks", "Kite", "Board game", "Train set", "Marbles"),
}
STYLES = ("Classic", "Compact", "Premium", "Light", "Eco", "Studio", "Nordic", "Travel")
EMAIL_DOMAINS = ("example.com", "example.org", "example.net")
STATUSES = ("new", "paid", "shipped", "delivered", "returned", "cancelled")
