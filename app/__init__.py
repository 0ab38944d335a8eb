"""The Streamlit app: words and clicks, no numbers. ``main`` is the router, ``views`` hold one page each."""
