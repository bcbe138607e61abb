"""The running bot: session, inbox, dispatch, outbox, authority and command line. It speaks no SQL."""
