"""The app from a checkout: ``streamlit run app.py``; an installed one starts with ``dabiao app``."""

from forecast.ui.main import main

main()
