"""What /brand.css is made of; the colours themselves are derived in the distributors' app."""

from shared_apps.distributors.branding import contrast_ok, derive, stylesheet

__all__ = ["contrast_ok", "derive", "stylesheet"]
