"""What leaves the house for auditors: files that prove what they say, and reports.

`verify.py` is handed out as it stands. It knows nothing of the rest, so that an auditor needs
neither Tocsin nor trust in it.
"""
