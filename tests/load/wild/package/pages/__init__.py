from .home import Home
from .search import Search

__all__ = ["Home", "Search"]
