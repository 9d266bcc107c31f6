"""Reports: what was judged, as files for people and machines. Everything arrives computed; nothing is judged here."""
