"""The shell every page stands in: assets, languages, templates, security headers, login."""
