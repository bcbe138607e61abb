"""End-to-end encryption: Olm and Megolm over vodozemac, devices, cross-signing, verification, attachments."""
