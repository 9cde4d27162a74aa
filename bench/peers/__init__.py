"""What the same leads cost with other tools, each as its users run it."""

FASTAPI = "FastAPI + SQLAlchemy"
DJANGO = "Django REST framework"
DATASETTE = "Datasette"
PEERS = (FASTAPI, DJANGO, DATASETTE)
